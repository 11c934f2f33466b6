"""A folder of a run as one ZIP archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from tests.api.live_server import Answer, Client, live_server

FILES = {
    "model/MLmodel": b"flavors: {}",
    "model/data/weights.bin": bytes(range(256)) * 4_000,
    "plot \u00fc.png": b"png",
    "empty.txt": b"",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("archive")) as client:
        yield client


@pytest.fixture(scope="module")
def run_id(server: Client) -> str:
    made = new_run(server)
    for path, content in FILES.items():
        place = quote(f"0/{made}/artifacts/{path}")
        assert server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}", content).status == 200
    return made


def new_run(server: Client) -> str:
    return str(server.ok("POST", "runs/create", experiment_id="0")["run"]["info"]["run_id"])


def archive(server: Client, **query: str) -> Answer:
    return server.send("GET", f"/api/v1/archive?{urlencode(query)}")


def contents(answer: Answer) -> dict[str, bytes]:
    assert answer.status == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_all_files_of_a_run_come_in_one_archive(server: Client, run_id: str) -> None:
    answer = archive(server, run_id=run_id)
    assert contents(answer) == FILES
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{run_id}.zip"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_folder_is_named_from_itself(server: Client, run_id: str) -> None:
    answer = archive(server, run_id=run_id, path="model/")
    assert contents(answer) == {
        "MLmodel": FILES["model/MLmodel"],
        "data/weights.bin": FILES["model/data/weights.bin"],
    }
    assert "model.zip" in answer.headers["content-disposition"]
    assert archive(server, run_id=run_id, path="model").content == answer.content


def test_what_is_not_there_and_what_leads_out_is_refused(server: Client, run_id: str) -> None:
    assert archive(server, run_id=new_run(server)).status == 404
    assert archive(server, run_id=run_id, path="nowhere").status == 404
    assert archive(server, run_id="0" * 32).status == 404
    for path in ("..", "../..", "model/../../x", "/etc", "a\0b"):
        assert archive(server, run_id=run_id, path=path).status in (400, 404), path
    assert archive(server, path="model").status == 400
