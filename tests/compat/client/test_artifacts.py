"""Files of a run: every way to log them, every shape of name and size, listing, download and removal."""

import hashlib
import json
import os
from pathlib import Path

import matplotlib
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from PIL import Image
from requests import HTTPError

matplotlib.use("Agg")
from matplotlib import pyplot as plt

NAMES = (
    "plain.txt",
    "with blank.txt",
    "größe-数据.txt",
    "50%off.txt",
    "plus+and&amp.txt",
    "semi;colon=equals.txt",
    "quote'd.txt",
    "br[a]ck(et){s}.txt",
    "at@comma,tilde~.txt",
    "no_extension",
    ".hidden",
    "two..dots.txt",
    "trailing.dot.",
)


@pytest.fixture
def active(experiment):
    with mlflow.start_run() as run:
        yield run.info.run_id


def _read(run, path):
    with open(mlflow.artifacts.download_artifacts(run_id=run, artifact_path=path), "rb") as file:
        return file.read()


def _listed(client, run, path=None):
    return {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(run, path)}


def test_file_comes_back_byte_for_byte(active, client, tmp_path):
    source = tmp_path / "data.bin"
    source.write_bytes(os.urandom(70_000))
    mlflow.log_artifact(source)
    mlflow.log_artifact(str(source), "deep/er/folder")
    assert _read(active, "data.bin") == _read(active, "deep/er/folder/data.bin") == source.read_bytes()
    assert _listed(client, active) == {"data.bin": (False, 70_000), "deep": (True, None)}
    assert _listed(client, active, "deep/er") == {"deep/er/folder": (True, None)}
    assert _listed(client, active, "deep/er/folder") == {"deep/er/folder/data.bin": (False, 70_000)}


def test_names_of_all_shapes(active, client, tmp_path):
    for number, name in enumerate(NAMES):
        (tmp_path / name).write_text(f"content {number}")
    mlflow.log_artifacts(str(tmp_path), "names")
    assert sorted(_listed(client, active, "names")) == sorted(f"names/{name}" for name in NAMES)
    target = mlflow.artifacts.download_artifacts(run_id=active, artifact_path="names")
    for number, name in enumerate(NAMES):
        with open(os.path.join(target, name)) as file:
            assert file.read() == f"content {number}", name


def test_single_files_of_all_shapes_download_alone(active, tmp_path):
    for name in ("with blank.txt", "größe-数据.txt", "per%20cent.txt", "plus+and&amp.txt"):
        (tmp_path / name).write_text(name)
        mlflow.log_artifact(str(tmp_path / name))
        assert _read(active, name) == name.encode()


def test_empty_file(active, client, tmp_path):
    (tmp_path / "empty").touch()
    mlflow.log_artifact(str(tmp_path / "empty"))
    assert _read(active, "empty") == b""
    assert list(_listed(client, active)) == ["empty"]


def test_file_of_20_mib(active, client, tmp_path):
    content = os.urandom(1 << 20) * 20
    (tmp_path / "big").write_bytes(content)
    mlflow.log_artifact(str(tmp_path / "big"))
    assert hashlib.sha256(_read(active, "big")).digest() == hashlib.sha256(content).digest()
    assert _listed(client, active) == {"big": (False, 20 << 20)}


def test_tree_of_folders_up_and_down(active, client, tmp_path):
    files = {f"a{i}/b{j}/f{k}.txt": f"{i}{j}{k}" for i in range(3) for j in range(2) for k in range(3)}
    for path, text in files.items():
        (tmp_path / "up" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "up" / path).write_text(text)
    mlflow.log_artifacts(str(tmp_path / "up"))
    (tmp_path / "down").mkdir()
    mlflow.artifacts.download_artifacts(run_id=active, artifact_path="", dst_path=str(tmp_path / "down"))
    got = {
        str(p.relative_to(tmp_path / "down")): p.read_text()
        for p in (tmp_path / "down").rglob("*")
        if p.is_file()
    }
    assert got == files
    assert sorted(_listed(client, active)) == ["a0", "a1", "a2"]


def test_overwritten_file_has_the_new_content(active):
    mlflow.log_text("long first content", "note.txt")
    mlflow.log_text("second", "note.txt")
    assert _read(active, "note.txt") == b"second"


def test_text_dict_and_loaders(active):
    mlflow.log_text("größe\n✓", "notes/a.txt")
    mlflow.log_dict({"a": [1, 2], "ü": None}, "d.json")
    mlflow.log_dict({"a": [1, 2]}, "d.yaml")
    root = mlflow.get_artifact_uri()
    assert mlflow.artifacts.load_text(f"{root}/notes/a.txt") == "größe\n✓"
    assert mlflow.artifacts.load_dict(f"{root}/d.json") == {"a": [1, 2], "ü": None}
    assert _read(active, "d.yaml") == b"a:\n- 1\n- 2\n"


def test_figure_and_image(active, client):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "plots/line.png")
    plt.close(figure)
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    mlflow.log_image(pixels, "plots/pixels.png")
    assert _read(active, "plots/line.png").startswith(b"\x89PNG")
    image = mlflow.artifacts.load_image(f"{mlflow.get_artifact_uri()}/plots/pixels.png")
    assert (np.asarray(image) == pixels).all()


def test_image_series_by_key_and_step(active, client):
    for step in range(2):
        mlflow.log_image(Image.new("RGB", (8, 8)), key="sample", step=step)
    mlflow.flush_artifact_async_logging()
    names = sorted(_listed(client, active, "images"))
    assert len(names) == 4
    assert {name.rpartition(".")[2] for name in names} == {"png", "webp"}
    assert client.get_run(active).data.tags["mlflow.loggedImages"] == "True"


def test_table_grows_and_loads(active, client):
    mlflow.log_table({"q": ["a"], "score": [1.5]}, "eval/table.json")
    mlflow.log_table(pd.DataFrame({"q": ["b"], "score": [2.5]}), "eval/table.json")
    table = mlflow.load_table("eval/table.json", run_ids=[active])
    assert list(table["q"]) == ["a", "b"]
    assert list(table["score"]) == [1.5, 2.5]
    logged = json.loads(client.get_run(active).data.tags["mlflow.loggedArtifacts"])
    assert logged == [{"path": "eval/table.json", "type": "table"}]


def test_download_by_every_uri(active, tmp_path):
    mlflow.log_text("x", "f/a.txt")
    for uri in (f"runs:/{active}/f/a.txt", mlflow.get_artifact_uri("f/a.txt")):
        assert Path(mlflow.artifacts.download_artifacts(artifact_uri=uri)).read_text() == "x"
    assert [f.path for f in mlflow.artifacts.list_artifacts(run_id=active)] == ["f"]
    assert [f.path for f in mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{active}/f")] == ["f/a.txt"]


def test_listing_of_files_and_of_nothing_is_empty(active, client):
    assert client.list_artifacts(active) == []
    mlflow.log_text("x", "a.txt")
    assert client.list_artifacts(active, "a.txt") == []
    assert client.list_artifacts(active, "nowhere") == []


def test_missing_artifact_raises(active):
    with pytest.raises((MlflowException, OSError)):
        mlflow.artifacts.download_artifacts(run_id=active, artifact_path="nowhere.txt")


def test_paths_that_leave_the_run_are_refused(active, client):
    for path in ("../x", "a/../../x", "/etc/passwd", "..%2fx"):
        with pytest.raises((MlflowException, HTTPError)):
            client.list_artifacts(active, path)
        with pytest.raises((MlflowException, HTTPError)):
            mlflow.log_text("x", f"{path}/a.txt")


def test_artifacts_can_be_deleted(active, client):
    for path in ("keep.txt", "gone.txt", "folder/one.txt", "folder/sub/two.txt"):
        mlflow.log_text("x", path)
    repository = get_artifact_repository(mlflow.get_artifact_uri())
    repository.delete_artifacts("gone.txt")
    repository.delete_artifacts("folder")
    repository.delete_artifacts("never was")
    assert list(_listed(client, active)) == ["keep.txt"]


def test_artifacts_of_a_deleted_run_stay(active, client):
    mlflow.log_text("x", "a.txt")
    mlflow.end_run()
    client.delete_run(active)
    assert _read(active, "a.txt") == b"x"


def test_empty_folder_leaves_nothing(active, client, tmp_path):
    (tmp_path / "nothing").mkdir()
    mlflow.log_artifacts(str(tmp_path / "nothing"), "nothing")
    assert client.list_artifacts(active) == []
