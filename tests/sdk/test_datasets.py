"""Dataset: from files of this machine, URLs and datastores to rows; registered and found again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas
import pytest

from runyard import Dataset, Datastore, Workspace
from runyard.sdk import libraries
from runyard.sdk.dataset_tabular import TabularDataset
from runyard.sdk.exceptions import DatasetTimestampMissingError, UserErrorException


@pytest.fixture
def store(other: Workspace, place: Path) -> Datastore:
    """A datastore with a file for each of two months."""
    for month in (1, 2):
        folder = place / f"in/2020/{month}"
        folder.mkdir(parents=True)
        rows = [f"2020-0{month}-{day:02},{day},{'ü' if day % 2 else 'b'}" for day in range(1, 29)]
        (folder / "data.csv").write_text("\n".join(["when,temp,city", *rows]), encoding="utf8")
    (place / "in/notes.txt").write_text("n")
    made = Datastore.get_default(other)
    made.upload("in", "weather", show_progress=False)
    return made


@pytest.fixture
def weather(store: Datastore) -> TabularDataset:
    return Dataset.Tabular.from_delimited_files((store, "weather/**/*.csv"))


def rows(dataset: object) -> int:
    assert isinstance(dataset, TabularDataset)
    return len(dataset.to_pandas_dataframe())


def test_rows_of_several_files(weather: TabularDataset) -> None:
    frame = weather.to_pandas_dataframe()
    assert list(frame.columns) == ["when", "temp", "city"] and len(frame) == 56
    assert frame["temp"].sum() == 2 * sum(range(1, 29)) and list(frame.index) == list(range(56))
    assert frame["city"][0] == "ü"


@pytest.mark.parametrize(
    "path", ["weather/2020/1/data.csv", "weather/2020/1", "weather/*/1/*", "weather/2020/[!2]/da?a.csv"]
)
def test_one_month(store: Datastore, path: str) -> None:
    assert len(Dataset.Tabular.from_delimited_files((store, path)).to_pandas_dataframe()) == 28
    reference = store.path(path)
    assert len(Dataset.Tabular.from_delimited_files([reference, reference]).to_pandas_dataframe()) == 56


def test_nothing_at_a_path_is_an_error(store: Datastore) -> None:
    with pytest.raises(UserErrorException, match="Cannot load any data"):
        Dataset.Tabular.from_delimited_files((store, "weather/*.csv"))
    later = Dataset.Tabular.from_delimited_files((store, "weather/*.csv"), validate=False)
    with pytest.raises(UserErrorException, match="Cannot load any data"):
        later.to_pandas_dataframe()
    with pytest.raises(UserErrorException):
        Dataset.Tabular.from_delimited_files([])
    with pytest.raises(UserErrorException):
        Dataset.Tabular.from_delimited_files(7)  # type: ignore[arg-type]


def test_local_files_and_their_formats(place: Path) -> None:
    (place / "a.csv").write_text("1;x\n2;y\n", encoding="latin-1")
    frame = Dataset.Tabular.from_delimited_files(
        "a.csv", separator=";", header=False, infer_column_types=False, include_path=True, encoding="latin-1"
    ).to_pandas_dataframe()
    assert list(frame.columns) == ["Path", "Column1", "Column2"] and frame["Column1"].tolist() == ["1", "2"]
    (place / "a.jsonl").write_text('{"a": 1, "b": "2020-01-01"}\n{"a": 2}\n')
    frame = Dataset.Tabular.from_json_lines_files(place / "a.jsonl").to_pandas_dataframe()
    assert frame["a"].tolist() == [1, 2] and frame["b"][0] == "2020-01-01"
    pandas.DataFrame({"a": [1, 2]}).to_parquet(place / "a.parquet")
    frame = Dataset.Tabular.from_parquet_files("*.parquet").to_pandas_dataframe()
    assert frame["a"].tolist() == [1, 2]
    with pytest.raises(UserErrorException, match=r"a\.jsonl cannot be read"):
        Dataset.Tabular.from_parquet_files("a.jsonl").to_pandas_dataframe()


def test_rows_are_taken_skipped_and_split(weather: TabularDataset) -> None:
    def temps(dataset: TabularDataset) -> list[int]:
        return list(dataset.to_pandas_dataframe()["temp"])

    assert temps(weather.take(3)) == [1, 2, 3]
    assert temps(weather.skip(54)) == [27, 28]
    assert temps(weather.skip(2).take(1)) == [3]
    first, second = weather.random_split(0.7, seed=3)
    assert temps(first) == temps(weather.random_split(0.7, seed=3)[0])
    assert sorted(temps(first) + temps(second)) == sorted(temps(weather))
    assert 25 < len(temps(first)) < 50
    assert len(temps(weather.take_sample(1.0))) == 56 and temps(weather.take_sample(0.0)) == []
    for wrong in (lambda: weather.take(-1), lambda: weather.random_split(1.5)):
        with pytest.raises(UserErrorException):
            wrong()


def test_columns_are_kept_and_dropped(weather: TabularDataset) -> None:
    assert list(weather.keep_columns(["temp", "when"]).to_pandas_dataframe()) == ["temp", "when"]
    assert list(weather.drop_columns("temp").to_pandas_dataframe()) == ["when", "city"]
    with pytest.raises(UserErrorException, match="no column 'x'"):
        weather.keep_columns("x", validate=True)
    timed = weather.with_timestamp_columns("when")
    assert timed.drop_columns("when").timestamp_columns == (None, None)


def test_spans_of_time(weather: TabularDataset) -> None:
    timed = weather.with_timestamp_columns("when", validate=True)
    assert timed.timestamp_columns == ("when", None)
    assert str(timed.to_pandas_dataframe()["when"].dtype).startswith("datetime64")
    start, end = datetime(2020, 1, 27), datetime(2020, 2, 2)

    def days(dataset: TabularDataset) -> int:
        return len(dataset.to_pandas_dataframe())

    assert days(timed.time_between(start, end)) == 4
    assert days(timed.time_between(start, end, include_boundary=False)) == 2
    assert days(timed.time_before(start)) == 27 and days(timed.time_before(start, False)) == 26
    assert days(timed.time_after(end)) == 27 and days(timed.time_after(end.replace(tzinfo=UTC), False)) == 26
    assert days(timed.time_recent(timedelta(days=1))) == 0
    assert days(timed.time_recent(timedelta(days=365 * 100))) == 56
    with pytest.raises(DatasetTimestampMissingError, match="with_timestamp_columns"):
        weather.time_before(end)
    with pytest.raises(UserErrorException):
        weather.with_timestamp_columns("nothing", validate=True)
    with pytest.raises(UserErrorException):
        weather.with_timestamp_columns(coarse_grain_timestamp="when")


def test_a_dataset_is_registered_and_found(other: Workspace, weather: TabularDataset) -> None:
    assert (weather.name, weather.id, weather.version) == (None, None, None)
    made = weather.take(5).register(other, "weather data", "of 2020", {"area": "x"})
    assert (made.name, made.version, made.description, made.tags) == (
        "weather data",
        1,
        "of 2020",
        {"area": "x"},
    )
    assert weather.take(5).register(other, "weather data").id == made.id
    with pytest.raises(UserErrorException, match="create_new_version=True"):
        weather.register(other, "weather data")
    assert weather.register(other, "weather data", create_new_version=True).version == 2
    assert rows(Dataset.get_by_name(other, "weather data")) == 56
    assert rows(Dataset.get_by_name(other, "weather data", version=1)) == 5
    assert Dataset.get_by_id(other, made.id or "").version == 1
    assert set(Dataset.get_all(other)) == {"weather data"} == set(other.datasets)
    made.archive()
    assert Dataset.get_all(other) == {} and set(Dataset.get_all(other, archived=True)) == {"weather data"}
    made.reactivate()
    made.unregister_all_versions()
    with pytest.raises(UserErrorException):
        Dataset.get_by_name(other, "weather data")


def test_local_data_are_not_registered(other: Workspace, place: Path) -> None:
    (place / "a.csv").write_text("a\n1\n")
    with pytest.raises(UserErrorException, match="Upload it first"):
        Dataset.Tabular.from_delimited_files("a.csv").register(other, "local")


def test_data_of_another_workspace_are_not_registered(ws: Workspace, weather: TabularDataset) -> None:
    with pytest.raises(UserErrorException, match="register the dataset there"):
        weather.register(ws, "theirs")


def test_files_are_named_downloaded_and_mounted(store: Datastore, place: Path) -> None:
    files = Dataset.File.from_files((store, "weather/*/*/data.csv"))
    assert files.to_path() == ["2020/1/data.csv", "2020/2/data.csv"]
    found = files.download("down", show_progress=False)
    assert found == [str(place / "down/2020/1/data.csv"), str(place / "down/2020/2/data.csv")] or found == [
        "down/2020/1/data.csv",
        "down/2020/2/data.csv",
    ]
    with pytest.raises(UserErrorException, match="overwrite"):
        files.download("down")
    assert len(files.download("down", overwrite=True)) == 2
    with Dataset.File.from_files((store, "weather")).mount() as mounted:
        inside = sorted(one.name for one in Path(mounted.mount_point).rglob("*") if one.is_file())
    assert inside == ["data.csv", "data.csv", "notes.txt"] and not Path(mounted.mount_point).exists()


def test_a_named_input_says_how_it_is_read(weather: TabularDataset) -> None:
    named = weather.as_named_input("training")
    assert (named.name, named.mode, named.as_download().mode) == ("training", "direct", "download")
    assert named.as_mount("/data").path_on_compute == "/data"
    with pytest.raises(UserErrorException):
        weather.as_named_input("no name")


@pytest.fixture
def site(place: Path) -> Iterator[str]:
    (place / "site").mkdir()
    (place / "site/a.csv").write_text("a\n1\n2\n")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(place / "site")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_urls_are_read_from_this_machine(site: str, other: Workspace) -> None:
    made = Dataset.Tabular.from_delimited_files(f"{site}/a.csv").register(other, "of the web")
    assert made.to_pandas_dataframe()["a"].tolist() == [1, 2]
    with pytest.raises(UserErrorException, match="cannot be read"):
        Dataset.Tabular.from_delimited_files(f"{site}/b.csv").to_pandas_dataframe()


def test_what_is_not_served_says_what_to_do() -> None:
    with pytest.raises(UserErrorException, match="Parquet"):
        Dataset.Tabular.from_sql_query(None)
    assert Dataset.Scenario.TRAINING == "training"


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(UserErrorException, match="pip install no_such_library"):
        libraries.library("no_such_library", "x")


def test_files_are_an_input_without_a_name_of_ones_own(place: Path) -> None:
    (place / "a.txt").write_text("a")
    files = Dataset.File.from_files("a.txt")
    mounted, downloaded = files.as_mount("/data"), files.as_download()
    assert (mounted.mode, mounted.path_on_compute, downloaded.mode) == ("mount", "/data", "download")
    assert mounted.name.startswith("input__") and mounted.dataset is files
