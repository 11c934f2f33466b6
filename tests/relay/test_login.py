"""A relay in front of a server that wants a credential, and of a workspace of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard.client.journal.recorder import Recorder
from runyard.client.journal.target import Target
from runyard.client.transport import Connection
from runyard.relay.opening import opened
from runyard.relay.running import running
from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server
from tests.api.people import People


def test_it_acts_with_the_login_of_its_owner_in_the_workspace_that_was_chosen(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with live_server(data, Settings(data=str(data), auth="required")) as direct:
        token = People(data).with_roles(("Owner", "/"))
        server = f"http://127.0.0.1:{direct.port}"
        Connection(server, None, token).post("/api/v1/workspaces", {"name": "vision"})
        monkeypatch.setenv("RUNYARD_TOKEN", token)
        recorder = opened(server, "vision", offline=False)
        try:
            with running(recorder) as relay:
                anyone = Client(relay.port)
                client = anyone.also(token=relay.token or "")
                run = client.run("0")
                client.ok("POST", "runs/log-metric", run_id=run, key="loss", value=1, timestamp=1)
                assert client.ok("GET", "runs/get", run_id=run)["run"]["data"]["metrics"][0]["key"] == "loss"
                there = direct.also(base="/workspaces/vision", token=token)
                assert there.ok("GET", "runs/get", run_id=run)["run"]["info"]["run_id"] == run
                assert direct.also(token=token).fails("GET", "runs/get", run_id=run)[0] == 404
                # the relay's token is none of the server's, and the other way round
                assert direct.also(token=relay.token or "").fails("GET", "runs/get", run_id=run)[0] == 401
                assert anyone.also(token=token).fails("GET", "runs/get", run_id=run)[0] == 401
                anyone.close()
        finally:
            recorder.close()


def test_logging_goes_on_when_the_login_has_ended(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with live_server(data, Settings(data=str(data), auth="required")) as direct:
        good = People(data).with_roles(("Owner", "/"))
        current = [good]
        recorder = Recorder(Target(f"http://127.0.0.1:{direct.port}", token=lambda: current[0]))
        try:
            with running(recorder, guarded=False) as relay:
                client = Client(relay.port)
                run = client.run("0")
                current[0] = "ry_ended"
                client.ok("POST", "runs/set-tag", run_id=run, key="late", value="yes")
                found = client.ok("GET", "runs/get", run_id=run)["run"]["data"]["tags"]
                assert {"key": "late", "value": "yes"} in found
                current[0] = good
                client.close()
                assert recorder.flush(20).sent
                tags = direct.also(token=good).ok("GET", "runs/get", run_id=run)["run"]["data"]["tags"]
                assert {"key": "late", "value": "yes"} in tags
        finally:
            recorder.close()
