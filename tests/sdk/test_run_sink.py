"""The way of logged values to the server: batches, refusals, outages, the end of the program."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from runyard.client.errors import ServerUnreachable
from runyard.errors import InvalidInput, RunyardError
from runyard.sdk.exceptions import AzureMLException, documented
from runyard.sdk.run_sink import BatchingSink, SentPoint, SentRecord


class Recorder:
    """A Link that keeps what is posted; names in `refuses` are refused."""

    server = "http://server"

    def __init__(self) -> None:
        self.posted: list[Mapping[str, Any]] = []
        self.refuses: set[str] = set()
        self.down: RunyardError | None = None

    def post(self, path: str, body: Mapping[str, Any], *, retry: bool = False) -> None:
        if self.down is not None:
            raise documented(self.down)
        items = body.get("metrics") or body.get("records") or []
        bad = [one for one in items if one.get("key", one.get("name")) in self.refuses]
        if bad:
            raise documented(InvalidInput("bad name"))
        self.posted.append(body)

    @property
    def names(self) -> list[str]:
        items = [one for body in self.posted for one in body.get("metrics") or body.get("records") or []]
        return [one.get("key", one.get("name")) for one in items]


@pytest.fixture
def link() -> Recorder:
    return Recorder()


@pytest.fixture
def sink(link: Recorder) -> Iterator[BatchingSink]:
    sink = BatchingSink(link, "run")  # type: ignore[arg-type]
    yield sink
    link.down, link.refuses = None, set()
    sink.flush()


def points(sink: BatchingSink, *names: str) -> None:
    for name in names:
        sink._points.append(SentPoint(name, 1.0, 0, 1))


def test_points_go_in_batches_of_1000_and_records_of_50(sink: BatchingSink, link: Recorder) -> None:
    points(sink, *[f"m{number}" for number in range(1_001)])
    sink._records.extend(SentRecord(f"r{number}", "list", 1, {}, f"u{number}") for number in range(51))
    sink.flush()
    assert [len(body.get("metrics") or body["records"]) for body in link.posted] == [1_000, 1, 50, 1]
    assert link.names == [*(f"m{number}" for number in range(1_001)), *(f"r{number}" for number in range(51))]


def test_what_is_logged_is_sent_without_a_flush(sink: BatchingSink, link: Recorder) -> None:
    sink.point(SentPoint("m", 1.0, 0, 1))
    until = time.monotonic() + 10
    while not link.names and time.monotonic() < until:
        time.sleep(0.01)
    assert link.names == ["m"]


def test_refused_values_are_told_once_and_the_others_sent(sink: BatchingSink, link: Recorder) -> None:
    link.refuses = {"b", "d"}
    points(sink, "a", "b", "c", "d", "e")
    with pytest.raises(AzureMLException, match="2 logged values of run run were refused: 'b': bad name; 'd'"):
        sink.flush()
    assert link.names == ["a", "c", "e"]
    sink.flush()


def test_a_batch_that_is_refused_altogether_is_not_sent_one_by_one(
    sink: BatchingSink, link: Recorder
) -> None:
    link.refuses = {"a"}
    points(sink, *["a"] * 500)
    with pytest.raises(AzureMLException, match="500 logged values .* and 497 more"):
        sink.flush()


def test_an_outage_loses_nothing(sink: BatchingSink, link: Recorder) -> None:
    link.down = ServerUnreachable("nobody answers")
    points(sink, "a", "b")
    with pytest.raises(AzureMLException, match="nobody answers"):
        sink.flush()
    assert sink.waiting == 2
    link.down = None
    sink.flush()
    assert link.names == ["a", "b"]


END = """
from runyard.sdk.exceptions import documented
from runyard.errors import NotAllowed
from runyard.sdk.run_sink import BatchingSink, SentPoint

class Link:
    def post(self, path, body, retry=False):
        if {down}:
            raise documented(NotAllowed("may not"))
        print(*[one["key"] for one in body["metrics"]])

sink = BatchingSink(Link(), "run")
for number in range(3):
    sink.point(SentPoint(f"m{{number}}", 1.0, 0, 1))
"""


def at_end(*, down: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", END.format(down=down)], capture_output=True, text=True, check=True
    )


def test_the_end_of_the_program_sends_what_is_left() -> None:
    done = at_end(down=False)
    assert (done.stdout.split(), done.stderr) == (["m0", "m1", "m2"], "")


def test_the_end_of_the_program_says_what_could_not_be_sent() -> None:
    assert "3 values wait. may not" in at_end(down=True).stderr
