"""Whose artifacts an address means, and which of them are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard.client.journal.calls.places import Entry, address_at_server, files_in, listed, place_of
from runyard.errors import NotFound

from .conftest import Place


def test_an_address_leads_to_its_run_and_the_files_there(place: Place, tmp_path: Path) -> None:
    place.away()
    run = place.call("CreateRun", experiment_id="7")["run"].info
    source = tmp_path / "source"
    source.write_bytes(b"12345")
    owner = f"runs/{run.run_id}"
    for path in ("a.txt", "deep/b.txt", "deep/er/c.txt"):
        place.desk.logbook.add_file(owner, path, source, copy=True, run_id=run.run_id)
    found = place_of(place.desk.state, f"{run.artifact_uri}/deep/")
    assert found is not None and tuple(found) == (owner, run.run_id, "deep")
    assert sorted(files_in(place.desk, found)) == ["b.txt", "er/c.txt"]
    here = files_in(place.desk, found._replace(path=""))
    assert listed(here, "") == [Entry("a.txt", False, 5), Entry("deep", True, None)]
    assert listed(here, "/deep/") == [Entry("deep/b.txt", False, 5), Entry("deep/er", True, None)]
    assert listed(here, "a.txt") == []
    assert place_of(place.desk.state, f"{run.artifact_uri}x") is None


@pytest.mark.parametrize(
    ("owner", "path", "answer"),
    [
        ("runs/r", "/api/2.0/mlflow/runs/get", {"run": {"info": {"artifact_uri": "u"}}}),
        ("models/m", "/api/2.0/mlflow/logged-models/m", {"model": {"info": {"artifact_uri": "u"}}}),
        (
            "traces/t/1",
            "/api/3.0/mlflow/traces/t%2F1",
            {"trace": {"trace_info": {"tags": {"mlflow.artifactLocation": "u"}}}},
        ),
    ],
)
def test_the_server_says_where_it_has_them(
    place: Place, owner: str, path: str, answer: dict[str, object]
) -> None:
    place.server.answers["GET", path] = answer
    assert address_at_server(place.desk, owner) == "u"
    place.server.answers["GET", path] = NotFound("none")
    with pytest.raises(NotFound):
        address_at_server(place.desk, owner)
