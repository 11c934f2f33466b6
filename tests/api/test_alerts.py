"""Alerts over HTTP, delivered to real receivers on loopback, and how long runs may be silent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import ssl
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runyard.entities.journal import PointRecord, RunChange
from runyard.errors import InvalidInput
from runyard.server import webhooks
from runyard.server.settings import Settings
from runyard.server.webhooks import WebhookPoster
from runyard.services import datastore_hosts
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.store.sql import watcher
from tests.api.journal_client import Journal, new_run, points, run_of
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.api.webhook_receiver import Receiver, receiver_at
from tests.components.certificates import issued

ALERTS, LIVENESS = "/api/v1/alerts", "/api/v1/liveness"
INVALID = (400, "INVALID_PARAMETER_VALUE")
NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
DENIED = (403, "PERMISSION_DENIED")
SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that looks for messages all the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "EVERY_S", 0.05)
        with live_server(tmp_path_factory.mktemp("alerts")) as client:
            yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_at() as one:
        yield one


def set_alert(server: Client, receiver: Receiver, *events: str, **fields: Any) -> tuple[str, str]:
    """Name and key of a new alert."""
    name = server.name("alert")
    made = server.ok(
        "POST", ALERTS, **{"name": name, "url": receiver.url(), "events": list(events), **fields}
    )
    return name, made["signing_key"]


def once_sent(server: Client, name: str) -> dict[str, Any]:
    """An alert as it is shown, once the answer to a message was noted: a moment after it has arrived."""
    deadline = time.monotonic() + 10
    while True:
        (shown,) = [one for one in server.ok("GET", ALERTS)["items"] if one["name"] == name]
        if shown["sent_ms"]:
            return dict(shown)
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)


def test_failures_and_values_that_are_no_numbers_are_posted_and_signed(
    server: Client, receiver: Receiver
) -> None:
    experiment = server.experiment()
    name, key = set_alert(
        server, receiver, "failed", "nan", experiment_id=experiment, url=receiver.url("/a?b=c")
    )
    other = server.run()
    run = server.run(experiment, run_name="näme")
    for one in (other, run):
        server.ok("POST", "runs/log-metric", run_id=one, key="loss", value="NaN", timestamp=1)
        server.ok("GET", "runs/get", run_id=one)  # so that set-aside points are stored now
        server.ok("POST", "runs/update", run_id=one, status="FAILED")
    told = receiver.messages(run, 2)
    assert sorted(one["event"] for one in told) == ["failed", "nan"]
    assert all(one["run_name"] == "näme" and one["experiment_id"] == experiment for one in told)
    assert len(receiver.came) == 2
    for path, headers, body in receiver.came:
        assert (path, headers["Content-Type"], headers["Host"]) == (
            "/a?b=c",
            "application/json",
            f"127.0.0.1:{receiver.port}",
        )
        stamp, _, signature = headers["Runyard-Signature"].removeprefix("t=").partition(",v1=")
        expected = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert signature == expected
        assert headers["Runyard-Event"] in ("failed", "nan")
    shown = once_sent(server, name)
    assert (shown["host"], shown["error"], shown["events"]) == ("127.0.0.1", None, ["failed", "nan"])
    server.ok("DELETE", f"{ALERTS}/{name}")


def test_what_a_journal_tells_is_posted(server: Client, receiver: Receiver) -> None:
    name, _ = set_alert(server, receiver, "failed", "nan")
    run, died = new_run(), new_run()
    journal = Journal(server)
    assert (
        journal.send(run, PointRecord(run.run_id, "loss", float("nan"), 1), RunChange(run.run_id, 4), died)
        == []
    )
    beat = f"/api/v1/journals/{journal.id}/beat"
    server.ok("POST", beat, runs=[died.run_id], host="gpu-7")
    server.ok("POST", beat, runs=[died.run_id], host="gpu-7", ended="Its process was killed.")
    assert sorted(one["event"] for one in receiver.messages(run.run_id, 2)) == ["failed", "nan"]
    (told,) = receiver.messages(died.run_id)
    assert told["reason"] == "Its process was killed."
    assert run_of(server, died.run_id)["tags"]["runyard.lost"] == "Its process was killed."
    assert journal.send(*points(died.run_id, 1.0)) == []
    back = run_of(server, died.run_id)
    assert (back["status"], back.get("end_time"), back["tags"].get("runyard.lost")) == ("RUNNING", None, None)
    server.ok("DELETE", f"{ALERTS}/{name}")


def test_imported_runs_make_no_noise(server: Client, receiver: Receiver) -> None:
    name, _ = set_alert(server, receiver, "failed", "nan")
    run, experiment = uuid.uuid4().hex, server.experiment()
    item = {"id": run, "experiment_id": experiment, "status": "FAILED"}
    server.ok("POST", "/api/v1/import/runs", items=[item])
    rows = base64.b64encode(struct.pack("<qqd", 1, 1, float("nan"))).decode()
    server.ok("POST", "/api/v1/import/points", run_id=run, items=[{"key": "m", "points": rows}])
    later = server.run()
    server.ok("POST", "runs/update", run_id=later, status="FAILED")
    assert receiver.messages(later)
    assert len(receiver.came) == 1
    server.ok("DELETE", f"{ALERTS}/{name}")


def test_a_test_message_says_what_became_of_it(server: Client, receiver: Receiver) -> None:
    name, _ = set_alert(server, receiver, "failed")
    path = f"{ALERTS}/{name}/test"
    assert server.ok("POST", path) == {"status": 200}
    assert receiver.came[0][1]["Runyard-Event"] == "test"
    for status in (204, 299):
        receiver.status = status
        assert server.ok("POST", path) == {"status": status}
    for status in (400, 404, 500, 199):
        receiver.status = status
        answer = server.call("POST", path)
        assert (answer.status, str(status) in answer.json()["message"]) == (400, True)
    assert server.fails("POST", f"{ALERTS}/none/test") == NOT_FOUND


def test_redirects_are_not_followed(server: Client, receiver: Receiver) -> None:
    with receiver_at() as elsewhere:
        receiver.headers = {"Location": elsewhere.url()}
        name, _ = set_alert(server, receiver, "failed")
        for status in (301, 302, 303, 307, 308):
            receiver.status = status
            answer = server.call("POST", f"{ALERTS}/{name}/test")
            assert answer.status == 400 and "redirect" in answer.json()["message"]
        assert elsewhere.came == []


@pytest.mark.parametrize(
    "raw", [b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000, b"HTTP/2 200\r\n"]
)
def test_what_is_no_answer_is_told(server: Client, receiver: Receiver, raw: bytes) -> None:
    receiver.raw = raw
    name, _ = set_alert(server, receiver, "failed")
    assert server.fails("POST", f"{ALERTS}/{name}/test") == INVALID


def test_a_receiver_that_hangs_is_let_go(
    server: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.2)
    receiver.sleep_s = 1.0
    name, _ = set_alert(server, receiver, "failed")
    answer = server.call("POST", f"{ALERTS}/{name}/test")
    assert (answer.status, "TimeoutError" in answer.json()["message"]) == (400, True)


def test_a_receiver_that_is_down_is_tried_again(server: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "AGAIN_S", (0, 0, 0, 0, 0, 0))
    with receiver_at() as receiver:
        receiver.status = 503
        name, _ = set_alert(server, receiver, "failed")
        run = server.run()
        server.ok("POST", "runs/update", run_id=run, status="FAILED")
        receiver.messages(run, 2)
        receiver.status = 200
        count = len(receiver.messages(run, 3))
        ids = {headers["Runyard-Delivery"] for _, headers, _ in receiver.came}
    assert count >= 3
    assert len(ids) == 1
    server.ok("DELETE", f"{ALERTS}/{name}")


def test_an_alert_is_replaced_and_deleted(server: Client, receiver: Receiver) -> None:
    name, key = set_alert(server, receiver, "failed")
    again = server.ok(
        "POST", ALERTS, name=name, url=receiver.url(), events=["stalled"], stalled_s=90, signing_key="mine"
    )
    assert again == {"name": name, "signing_key": "mine"} and key != "mine"
    (shown,) = [one for one in server.ok("GET", ALERTS)["items"] if one["name"] == name]
    assert (shown["events"], shown["stalled_s"]) == (["stalled"], 90)
    server.ok("DELETE", f"{ALERTS}/{name}")
    assert name not in [one["name"] for one in server.ok("GET", ALERTS)["items"]]
    assert server.fails("DELETE", f"{ALERTS}/{name}") == NOT_FOUND


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""}, {"name": "a/b"}, {"name": "x" * 128}, {"name": "a\0"},
        {"url": None}, {"url": ""}, {"url": 5}, {"url": "ftp://h/x"}, {"url": "http:///x"}, {"url": "//h/x"},
        {"url": "http://user:SECRET@h/x"}, {"url": "http://h/x#f"}, {"url": "http://h:0/"}, {"url": "http://h:99999/"},
        {"url": "http://h/ SECRET"}, {"url": "http://h/\r\nX: SECRET"}, {"url": "http://h/\u00fc"}, {"url": "http://[::1/SECRET"},
        {"url": "http://h/" + "x" * 2_000}, {"url": "http://169.254.169.254/SECRET"}, {"url": "http://[fe80::1]/SECRET"},
        {"url": ["http://h/SECRET"]},
        {"events": []}, {"events": ["finished"]}, {"events": "failed"}, {"events": [None]},
        {"stalled_s": 29}, {"stalled_s": 10**9}, {"stalled_s": "x"},
        {"experiment_id": "x"}, {"signing_key": 5}, {"signing_key": "k" * 1_001},
    ],
)  # fmt: skip
def test_a_bad_alert_is_refused_without_repeating_its_address(
    server: Client, receiver: Receiver, fields: dict[str, Any]
) -> None:
    good = {"name": "bad", "url": receiver.url(), "events": ["failed"]}
    answer = server.call("POST", ALERTS, {**good, **fields})
    assert (answer.status, answer.json()["error_code"]) == INVALID, answer.content
    assert b"SECRET" not in answer.content


def test_an_unknown_experiment_has_no_alerts(server: Client, receiver: Receiver) -> None:
    fields = {"name": "n", "url": receiver.url(), "events": ["failed"], "experiment_id": "987654"}
    assert server.fails("POST", ALERTS, **fields) == NOT_FOUND
    assert server.fails("POST", LIVENESS, experiment_id="987654", seconds=60) == NOT_FOUND


def test_how_long_runs_may_be_silent(server: Client) -> None:
    server.ok("POST", "/api/v1/workspaces", name="silence")
    here = server.also(base="/workspaces/silence")
    experiment = here.experiment()
    assert here.ok("GET", LIVENESS) == {"server_s": 120, "workspace_s": None, "experiments": []}
    here.ok("POST", LIVENESS, seconds=300)
    here.ok("POST", LIVENESS, experiment_id=experiment, seconds=0)
    found = {
        "server_s": 120,
        "workspace_s": 300,
        "experiments": [{"experiment_id": experiment, "seconds": 0}],
    }
    assert here.ok("GET", LIVENESS) == found
    assert server.ok("GET", LIVENESS)["workspace_s"] is None
    for bad in (-1, 9, 10**9, "x", 1.5):
        assert here.fails("POST", LIVENESS, seconds=bad) == INVALID
    here.ok("POST", LIVENESS, experiment_id=experiment, seconds=None)
    assert here.ok("GET", LIVENESS)["experiments"] == []


@pytest.mark.parametrize(
    "fields", [{"runs": ["r"] * 1_001}, {"interval_s": 0}, {"interval_s": 3_601}, {"host": "h\0"}, {"host": "h" * 256}, {"ended": "a\0"}]
)  # fmt: skip
def test_a_bad_beat_is_refused(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", f"/api/v1/journals/{'a' * 32}/beat", **fields) == INVALID


@dataclass(frozen=True)
class Lab:
    server: Client
    people: People
    owner: Client
    mine: str
    theirs: str
    outside: Receiver

    def who(self, *roles: tuple[str, str]) -> Client:
        return self.server.also(token=self.people.with_roles(*roles))


OUTSIDE = "127.0.0.2"  # listed, as if it were far away


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    data = tmp_path_factory.mktemp("closed")
    settings = Settings(data=str(data), auth="required", datastore_hosts=OUTSIDE)
    with receiver_at(OUTSIDE) as outside, live_server(data, settings) as server:
        people = People(Path(data))
        owner = server.also(token=people.with_roles(("Owner", "/")))
        yield Lab(server, people, owner, owner.experiment(), owner.experiment(), outside)


def alert(lab: Lab, name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "url": lab.outside.url(host=OUTSIDE), "events": ["failed"], **fields}


def test_roles_decide_about_alerts_of_the_workspace_and_of_experiments(lab: Lab) -> None:
    lab.owner.ok("POST", ALERTS, **alert(lab, "whole"))
    lab.owner.ok("POST", ALERTS, **alert(lab, "theirs", experiment_id=lab.theirs))
    guest = lab.who(("Data Scientist", f"{SCOPE}/experiments/{lab.mine}"))
    guest.ok("POST", ALERTS, **alert(lab, "mine", experiment_id=lab.mine))
    assert [one["name"] for one in guest.ok("GET", ALERTS)["items"]] == ["mine"]
    assert guest.fails("POST", ALERTS, **alert(lab, "more")) == DENIED
    assert guest.fails("POST", ALERTS, **alert(lab, "more", experiment_id=lab.theirs)) == NOT_FOUND
    for name in ("whole", "theirs"):
        assert guest.call("POST", ALERTS, alert(lab, name, experiment_id=lab.mine)).status in (403, 404)
        assert guest.fails("DELETE", f"{ALERTS}/{name}") == NOT_FOUND
        assert guest.fails("POST", f"{ALERTS}/{name}/test") == NOT_FOUND
    guest.ok("POST", LIVENESS, experiment_id=lab.mine, seconds=60)
    assert guest.fails("POST", LIVENESS, seconds=60) == DENIED
    assert guest.fails("POST", LIVENESS, experiment_id=lab.theirs, seconds=60) == NOT_FOUND
    assert guest.ok("GET", LIVENESS)["experiments"] == [{"experiment_id": lab.mine, "seconds": 60}]
    reader = lab.who(("Reader", "/"))
    assert [one["name"] for one in reader.ok("GET", ALERTS)["items"]] == ["mine", "theirs", "whole"]
    assert b"/hook" not in reader.call("GET", ALERTS).content
    assert reader.fails("POST", ALERTS, **alert(lab, "r")) == DENIED
    assert reader.fails("DELETE", f"{ALERTS}/whole") == DENIED
    assert reader.fails("POST", LIVENESS, seconds=60) == DENIED
    guest.ok("DELETE", f"{ALERTS}/mine")


def test_addresses_and_keys_are_encrypted_where_they_are_kept(lab: Lab) -> None:
    url = lab.outside.url("/very-secret-path", OUTSIDE)
    lab.owner.ok("POST", ALERTS, **alert(lab, "kept", url=url, signing_key="very-secret-key"))
    content = b"".join(one.read_bytes() for one in lab.people.directory.glob("runyard.db*"))
    assert b"kept" in content
    assert b"very-secret" not in content
    lines = lab.owner.call("GET", "/api/v1/audit", {"action": "alerts/write"}).content
    assert b'"kept"' in lines and b"very-secret" not in lines


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "0.0.0.0", "100.100.100.200"]
)  # fmt: skip
def test_the_servers_own_network_receives_nothing(lab: Lab, host: str) -> None:
    assert lab.owner.fails("POST", ALERTS, **alert(lab, "bad", url=f"http://{host}/")) == INVALID


def test_a_name_that_leads_inside_later_receives_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Callable[[], str]] = {}
    resolve = datastore_hosts._addresses

    async def addresses(host: str) -> list[datastore_hosts.Address]:
        return [ipaddress.ip_address(known[host]())] if host in known else await resolve(host)

    monkeypatch.setattr(datastore_hosts, "_addresses", addresses)
    with receiver_at() as inside:
        known["moving.example"] = lambda: OUTSIDE
        lab.owner.ok("POST", ALERTS, **alert(lab, "moving", url=inside.url(host="moving.example")))
        known["moving.example"] = lambda: "127.0.0.1"
        assert lab.owner.fails("POST", f"{ALERTS}/moving/test") == INVALID
        assert inside.came == []


def test_tls_is_checked(tmp_path: Path) -> None:
    papers = issued(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(papers.certificate, papers.key)
    connect = DatastoreHosts([], local=True).connect
    with receiver_at(tls=tls) as receiver:
        trusting = WebhookPoster(connect, ssl.create_default_context(cafile=str(papers.authority)))
        assert asyncio.run(trusting(receiver.url(), {"A": "b"}, b"{}")) == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            asyncio.run(trusting(receiver.url(host="localhost"), {}, b"{}"))
        with pytest.raises(ssl.SSLCertVerificationError):
            asyncio.run(WebhookPoster(connect)(receiver.url(), {}, b"{}"))
        assert len(receiver.came) == 1
        with pytest.raises(InvalidInput):
            asyncio.run(WebhookPoster(connect)("https://169.254.169.254/", {}, b"{}"))
