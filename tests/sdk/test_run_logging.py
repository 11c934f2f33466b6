"""What a run logs, read back through the server."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
import requests

from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client


class Colour(enum.Enum):
    RED = 1

    def __repr__(self) -> str:
        return "Colour.RED"


class Plot:
    def savefig(self, fname: Any, *args: Any, **kwargs: Any) -> None:
        Path(fname).write_bytes(b"png")


@pytest.mark.parametrize(
    "value",
    [1, 0, -3, 2.5, 1e300, True, False, "text", "", None, math.inf, -math.inf, 2**70],
)
def test_a_scalar_keeps_its_value_and_type(run: Run, value: Any) -> None:
    run.log("m", value)
    found = run.get_metrics()["m"]
    assert found == value and type(found) is type(value)


def test_nan_is_kept(run: Run) -> None:
    run.log("m", math.nan)
    assert math.isnan(run.get_metrics()["m"])


def test_numpy_scalars_become_plain_ones(run: Run) -> None:
    run.log("i", numpy.int64(3))
    run.log("f", numpy.float32(0.5))
    run.log("b", numpy.bool_(True))
    run.log("zero_d", numpy.array(1.5))
    found = run.get_metrics()
    assert found == {"i": 3, "f": 0.5, "b": True, "zero_d": 1.5}
    assert [type(found[name]) for name in "ifb"] == [int, float, bool]


def test_another_object_becomes_its_repr(run: Run) -> None:
    run.log("m", Colour.RED)
    assert run.get_metrics() == {"m": "Colour.RED"}


def test_scalars_of_several_names_come_back_in_the_order_of_logging(run: Run) -> None:
    for at in range(5):
        run.log("loss", 1 / (at + 1))
        run.log("epoch", at)
    assert run.get_metrics() == {"loss": [1.0, 0.5, 1 / 3, 0.25, 0.2], "epoch": [0, 1, 2, 3, 4]}
    assert run.get_metrics(name="epoch") == {"epoch": [0, 1, 2, 3, 4]}
    assert run.get_metrics(name="nothing") == {}


def test_a_step_may_be_given_and_the_next_follows_it(run: Run, server: Client) -> None:
    run.log("m", 0.1, step=10)
    run.log("m", 0.2)
    run.flush()
    points = server.ok("GET", "metrics/get-history", run_id=run.id, metric_key="m")["metrics"]
    assert [(one["step"], one["value"]) for one in points] == [(10, 0.1), (11, 0.2)]


def test_a_found_run_goes_on_where_it_was(run: Run, experiment: Experiment, server: Client) -> None:
    run.log("m", 1)
    run.flush()
    run_id = run.id
    del run
    found = Run(experiment, run_id)
    found.log("m", 2)
    assert found.get_metrics() == {"m": [1, 2]}
    points = server.ok("GET", "metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    assert [one["step"] for one in points] == [0, 1]


def test_two_objects_of_one_run_share_their_steps(run: Run, experiment: Experiment) -> None:
    run.log("m", 1)
    Run(experiment, run.id).log("m", 2)
    run.log("m", 3)
    assert run.get_metrics() == {"m": [1, 2, 3]}


@pytest.mark.parametrize("name", ["loss (train)", "ünï/cöde", "a\\b", "../up", "x" * 300, "%", "a\nb"])
def test_a_name_that_mlflow_refuses_is_kept(run: Run, name: str) -> None:
    run.log(name, 0.5)
    run.log(name, 7)
    assert run.get_metrics() == {name: [0.5, 7]}


@pytest.mark.parametrize("name", ["", "x" * 501, "a\0b", 5])
def test_a_name_that_nobody_keeps_is_refused_at_once(run: Run, name: Any) -> None:
    with pytest.raises(UserErrorException, match="1 to 500 characters"):
        run.log(name, 1)


@pytest.mark.parametrize("value", [[1], (1, 2), {"a": 1}, {1}, range(3), numpy.zeros(2), iter([1])])
def test_log_refuses_what_is_several(run: Run, value: Any) -> None:
    with pytest.raises(UserErrorException, match="log_list"):
        run.log("m", value)


def test_a_later_scalar_of_another_type_is_none(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    for value in (1, "x", 2.5, None):
        run.log("m", value)
    assert run.get_metrics() == {"m": [1, None, 2.5, None]}
    assert "the later values are None" in caplog.text


def test_log_list(run: Run) -> None:
    run.log_list("l", [1, "a", None, 0.5, True])
    run.log_list("l", (number for number in range(2)))
    run.log_list("array", numpy.array([1, 2]))
    run.log_list("one", [7])
    run.log_list("none", [])
    assert run.get_metrics() == {"l": [1, "a", None, 0.5, True, 0, 1], "array": [1, 2], "one": 7}
    with pytest.raises(UserErrorException):
        run.log_list("l", 5)  # type: ignore[arg-type]


def test_a_long_list_is_whole(run: Run) -> None:
    numbers = list(range(50_001))
    run.log_list("l", numbers)
    run.log_list("texts", ["x" * 100_000] * 20)
    found = run.get_metrics()
    assert found["l"] == numbers
    assert [len(one) for one in found["texts"]] == [100_000] * 20


def test_log_row(run: Run) -> None:
    run.log_row("once", x=1, y="a")
    for at in range(2):
        run.log_row("often", "described", x=at)
    run.log_row("often", z=5)
    assert run.get_metrics() == {
        "once": {"x": 1, "y": "a"},
        "often": {"x": [0, 1, None], "z": [None, None, 5]},
    }
    with pytest.raises(UserErrorException, match="'x'"):
        run.log_row("bad", x=[1])
    with pytest.raises(UserErrorException, match="at least one column"):
        run.log_row("bad")


def test_log_table(run: Run) -> None:
    run.log_table("t", {"a": [1, 2], "b": ["x", "y"]})
    run.log_row("t", a=3, b="z")
    assert run.get_metrics() == {"t": {"a": [1, 2, 3], "b": ["x", "y", "z"]}}
    with pytest.raises(AzureMLException, match="one length"):
        run.log_table("bad", {"a": [1], "b": [1, 2]})
    with pytest.raises(TypeError, match="'a'"):
        run.log_table("bad", {"a": 1})  # type: ignore[dict-item]


def test_log_image(run: Run, place: Path) -> None:
    (place / "plots").mkdir()
    (place / "plots" / "p.png").write_bytes(b"image")
    run.log_image("path", path="plots/p.png")
    run.log_image("again", path=str(place / "plots" / "p.png"))
    run.log_image("my plot", plot=Plot())
    found = run.get_metrics()
    assert found["path"] == f"aml://artifactId/ExperimentRun/dcid.{run.id}/plots/p.png"
    assert found["again"].endswith("/p.png")
    assert found["my plot"].rpartition("/")[2].startswith("my plot_")
    assert {"plots/p.png", "p.png"} < set(run.get_file_names())
    populated = run.get_metrics("path", populate=True)["path"]
    assert (populated.run_id, populated.name) == (run.id, "plots/p.png")


def test_an_image_of_a_name_that_is_taken_gets_another(run: Run, place: Path) -> None:
    (place / "p.png").write_bytes(b"image")
    run.log_image("m", path="p.png")
    run.log_image("m", path="p.png")
    first, second = run.get_metrics()["m"]
    assert (first.rpartition("/")[2], second.rpartition("/")[2]) == ("p.png", "p_1.png")


def test_log_image_needs_one_of_path_and_plot(run: Run) -> None:
    for given in ({}, {"path": "p", "plot": Plot()}):
        with pytest.raises(UserErrorException, match="either path or plot"):
            run.log_image("m", **given)  # type: ignore[arg-type]
    with pytest.raises(UserErrorException, match=r"nothing\.png"):
        run.log_image("m", path="nothing.png")


CHARTS: dict[str, dict[str, Any]] = {
    "confusion_matrix": {"class_labels": ["a", "b"], "matrix": [[1, 0], [0, 1]]},
    "accuracy_table": {
        "probability_tables": [],
        "percentile_tables": [],
        "probability_thresholds": [],
        "percentile_thresholds": [],
        "class_labels": [],
    },
    "residuals": {"bin_edges": [0, 1], "bin_counts": [1]},
    "predictions": {"bin_averages": [1], "bin_errors": [0], "bin_counts": [1], "bin_edges": [0]},
}


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_an_artifact(run: Run, kind: str) -> None:
    value = {"schema_type": kind, "schema_version": "v1", "data": CHARTS[kind]}
    getattr(run, f"log_{kind}")("chart", value)
    address = run.get_metrics()["chart"]
    assert address.startswith(f"aml://artifactId/ExperimentRun/dcid.{run.id}/chart_")
    assert address.rpartition("/")[2] in run.get_file_names()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{", "no JSON"),
        ("[]", "must be a dict"),
        ({"schema_type": "residuals", "schema_version": "v1", "data": {}}, "schema_type"),
        ({"schema_type": "confusion_matrix", "schema_version": "v1", "data": {"matrix": []}}, "class_labels"),
    ],
)
def test_a_bad_chart_is_refused(run: Run, value: Any, text: str) -> None:
    with pytest.raises(UserErrorException, match=text):
        run.log_confusion_matrix("m", value)


def test_metrics_of_all_runs_below(run: Run) -> None:
    run.log("m", 1)
    child = run.child_run("c")
    child.log("m", 2)
    grandchild = child.child_run("g")
    grandchild.log("m", 3)
    found = run.get_metrics(recursive=True)
    assert found == {run.id: {"m": 1}, child.id: {"m": 2}, grandchild.id: {"m": 3}}


def test_what_is_refused_is_told_by_the_call_or_by_flush_and_the_rest_is_kept(run: Run) -> None:
    with pytest.raises(UserErrorException, match="no 64-bit integer"):
        run.log("m", 1, step=2**70)
    run.log("m", "x" * 2_000_000)
    run.log("m2", 2)
    with pytest.raises(AzureMLException, match="Not kept by the server"):
        run.flush()
    run.flush()
    assert run.get_metrics() == {"m2": 2}


def test_a_text_that_is_too_large_is_told_by_flush(run: Run) -> None:
    run.log("large", "x" * 2_000_000)
    run.log("small", "x")
    with pytest.raises(AzureMLException, match="large.*Upload it as an artifact"):
        run.flush()
    assert run.get_metrics() == {"small": "x"}


def test_another_workspace_does_not_know_the_run(run: Run, other: Workspace) -> None:
    with pytest.raises(UserErrorException, match="not found"):
        Run.get(other, run.id)


def test_many_metrics_are_read_in_few_requests(
    run: Run, server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 names take 11 requests and a second; one request a name took 24."""
    for step in range(3):
        for first in range(0, 2_500, 500):
            points = [
                {"key": f"m/{name:04d}", "value": name / 2 + step, "timestamp": 5, "step": step}
                for name in range(first, first + 500)
            ]
            server.ok("POST", "runs/log-batch", run_id=run.id, metrics=points)
    asked: list[str] = []
    send = requests.Session.send

    def counted(self: requests.Session, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        asked.append(str(request.url))
        return send(self, request, **rest)

    monkeypatch.setattr(requests.Session, "send", counted)
    found = run.get_metrics()
    assert len(found) == 2_500 and found["m/0007"] == [3.5, 4.5, 5.5]
    assert len(asked) <= 5
