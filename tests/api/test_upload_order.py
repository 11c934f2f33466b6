"""Two senders of one journal upload versions of one file, interleaved as it pleases them: the newer one stays."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.journal_client import Journal, new_run
from tests.api.live_server import Client, live_server

FILES = "/api/2.0/mlflow-artifacts/artifacts"


@dataclass(frozen=True)
class Lab:
    """A server, and the file of its database."""

    server: Client
    database: Path


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    data = tmp_path_factory.mktemp("order")
    with live_server(data, Settings(data=str(data))) as server:
        yield Lab(server, data / "runyard.db")


@pytest.fixture
def journal(lab: Lab) -> Journal:
    journal = Journal(lab.server)
    journal.send(new_run())
    return journal


class Upload:
    """An upload that goes on as its sender wants."""

    def __init__(self, journal: Journal, path: str, seq: int, size: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", journal.server.port, timeout=30)
        self._connection.putrequest("PUT", f"{FILES}/{path}")
        for name, value in named(journal, seq).items():
            self._connection.putheader(name, value)
        self._connection.putheader("Content-Length", str(size))
        self._connection.endheaders()

    def send(self, data: bytes) -> None:
        self._connection.send(data)

    @property
    def status(self) -> int:
        answer = self._connection.getresponse()
        answer.read()
        self._connection.close()
        return answer.status

    def cut(self) -> None:
        self._connection.close()


def named(journal: Journal, seq: int) -> dict[str, str]:
    return {"X-Runyard-Journal": journal.id, "X-Runyard-Record": str(seq)}


def put(journal: Journal, path: str, seq: int, body: bytes) -> int:
    return journal.server.send("PUT", f"{FILES}/{path}", body, named(journal, seq)).status


def content(journal: Journal, path: str) -> bytes:
    return journal.server.send("GET", f"{FILES}/{path}").content


def wait_begun(lab: Lab, journal: Journal, path: str) -> None:
    """Until the server has begun to take an upload."""
    sql = "SELECT 1 FROM journal_files WHERE journal = ? AND path = ? AND upload IS NOT NULL"
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as database:
        while database.execute(sql, (journal.id, path)).fetchone() is None:
            time.sleep(0.005)


def put_when_free(journal: Journal, path: str, seq: int, body: bytes) -> None:
    while (status := put(journal, path, seq, body)) != 200:
        assert status == 429


def test_a_slow_older_version_does_not_replace_a_newer_one(lab: Lab, journal: Journal) -> None:
    slow = Upload(journal, "late", 5, 8)
    slow.send(b"olde")
    wait_begun(lab, journal, "late")
    assert put(journal, "late", 9, b"newer") == 429
    slow.send(b"r...")
    assert slow.status == 200
    put_when_free(journal, "late", 9, b"newer")
    assert content(journal, "late") == b"newer"
    assert put(journal, "late", 5, b"older...") == 200
    assert put(journal, "late", 8, b"" * 100) == 200
    assert content(journal, "late") == b"newer"
    assert put(journal, "late", 9, b"newer") == 200, "the same one again"


def test_a_sender_that_is_cut_off_holds_nobody_up(lab: Lab, journal: Journal) -> None:
    slow = Upload(journal, "cut", 5, 8)
    slow.send(b"olde")
    wait_begun(lab, journal, "cut")
    slow.cut()
    put_when_free(journal, "cut", 5, b"older...")
    assert content(journal, "cut") == b"older..."


def test_other_files_and_other_journals_do_not_wait(lab: Lab, journal: Journal) -> None:
    other = Journal(lab.server)
    other.send(new_run())
    slow = Upload(journal, "one", 5, 2)
    slow.send(b"a")
    wait_begun(lab, journal, "one")
    assert put(journal, "two", 6, b"x") == 200
    assert put(other, "one", 1, b"y") == 200
    assert lab.server.send("PUT", f"{FILES}/one", b"plain").status == 200
    slow.send(b"b")
    assert slow.status == 200


def test_a_journal_that_nobody_knows_is_not_held_up(lab: Lab) -> None:
    unknown = Journal(lab.server)
    assert put(unknown, "unknown", 7, b"x") == 200
    assert put(unknown, "unknown", 6, b"y") == 200


@pytest.mark.parametrize("seed", range(3))
def test_two_senders_that_race_leave_the_newest(journal: Journal, seed: int) -> None:
    versions = {seq: bytes([65 + seq]) * 60_000 for seq in range(1, 7)}
    path = f"race/{uuid.uuid4().hex}"

    def sender(number: int) -> None:
        """All versions in order, as the sender of a journal does it, in pieces between which others come."""
        chance = random.Random(seed * 10 + number)
        for seq, body in versions.items():
            while True:
                upload = Upload(journal, path, seq, len(body))
                cuts = sorted(chance.sample(range(len(body)), 3))
                try:
                    for start, stop in itertools.pairwise([0, *cuts, len(body)]):
                        upload.send(body[start:stop])
                    status = upload.status
                except ConnectionError:
                    continue  # it was answered before it was read
                if status == 200:
                    break
                assert status == 429

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(journal, path) == versions[6]


@pytest.mark.parametrize(
    ("name", "seq"),
    [("x", "1"), ("", "1"), (None, "1"), ("a" * 32, None), ("a" * 32, "0"), ("a" * 32, "-1"), ("a" * 32, "1.5"), ("a" * 32, "9" * 19 + "9"), ("a" * 32, "9" * 19), ("a" * 32, "²")],
)  # fmt: skip
def test_odd_records_are_refused(lab: Lab, name: str | None, seq: str | None) -> None:
    headers = {"X-Runyard-Journal": name, "X-Runyard-Record": seq}
    given = {key: value for key, value in headers.items() if value is not None}
    assert lab.server.send("PUT", f"{FILES}/odd", b"x", given).status == 400


def test_odd_paths_are_refused_as_without_a_record(journal: Journal) -> None:
    for path in ("..%2f..%2fx", "a/../../b", "a%00b"):
        status = journal.server.send("PUT", f"{FILES}/{path}", b"x").status
        assert (put(journal, path, 1, b"x"), 400) == (status, status)
