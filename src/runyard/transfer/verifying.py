"""After an import: what the source had against what the workspace has, by counts and checksums.

It trusts nothing that was sent: the workspace is read again, and compared with what was read from the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    LoggedModelRecord,
    Record,
    RegisteredModelRecord,
    RunRecord,
    TraceRecord,
    digest_of,
)
from runyard.errors import NotFound
from runyard.transfer.importing import Watch
from runyard.transfer.journal import Journal, Note
from runyard.transfer.target import TRACES_AT_ONCE, Workspace

MOST_SHOWN = 20
IN_EXPERIMENTS: tuple[tuple[str, str, type[Record]], ...] = (
    ("run", "runs", RunRecord),
    ("model", "logged-models", LoggedModelRecord),
    ("trace", "traces", TraceRecord),
)
IN_WORKSPACE: tuple[tuple[str, str, type[Record]], ...] = (
    ("registered model", "registered-models", RegisteredModelRecord),
    ("dataset", "datasets", DatasetRecord),
    ("datastore", "datastores", DatastoreRecord),
)


class Compared(NamedTuple):
    """One kind of thing: how many the source has, how many are the same here, and which are not."""

    what: str
    source: int
    same: int
    differing: list[str]


class Report(NamedTuple):
    """The outcome of an import."""

    rows: list[Compared]
    notes: list[Note]

    @property
    def good(self) -> bool:
        """Whether everything is here as it was there."""
        return all(row.source == row.same for row in self.rows) and not any(note.fault for note in self.notes)


def verify(target: Workspace, journal: Journal, watch: Watch) -> Report:
    """Compare all that the journal says was brought in with what the workspace has."""
    watch.at("verifying records")
    rows = [_experiments(target, journal)]
    rows += [_of_experiments(target, journal, *one) for one in IN_EXPERIMENTS]
    rows += [_compared(kind, journal, target.pages(noun, type_)) for kind, noun, type_ in IN_WORKSPACE]
    watch.at("verifying points")
    rows += _points(target, journal, watch)
    watch.at("verifying files")
    rows += _files(target, journal, watch)
    return Report([row for row in rows if row.source], journal.notes())


def _experiments(target: Workspace, journal: Journal) -> Compared:
    """One that was there before keeps its own tags and times, so only its presence is asked for."""
    there = {one.id: digest_of(one) for one in target.pages("experiments", ExperimentRecord)}
    differing = [
        name
        for _, id, name, digest, created in journal.experiments()
        if id not in there or (created and there[id] != digest)
    ]
    count = len(journal.experiments())
    return Compared("experiments", count, count - len(differing), differing[:MOST_SHOWN])


def _of_experiments(
    target: Workspace, journal: Journal, kind: str, noun: str, type_: type[Record]
) -> Compared:
    def found() -> Iterator[Record]:
        for id in dict.fromkeys(one[1] for one in journal.experiments()):
            if journal.count(kind, id):
                at_once = TRACES_AT_ONCE if kind == "trace" else 200
                yield from target.pages(noun, type_, at_once, experiment_id=id)

    return _compared(kind, journal, found())


def _compared(kind: str, journal: Journal, records: Iterator[Record]) -> Compared:
    """What is here beside what was imported does not matter."""
    count = journal.count(kind)
    if not count:
        return Compared(f"{kind}s", 0, 0, [])
    same = 0
    differing: list[str] = []
    for record in records:
        id = str(getattr(record, "id", "") or getattr(record, "name", ""))
        kept = journal.find(kind, id)
        if kept is not None and kept.digest == digest_of(record):
            same += 1
        elif kept is not None:
            differing.append(id)
    return Compared(f"{kind}s", count, same, differing[:MOST_SHOWN])


def _points(target: Workspace, journal: Journal, watch: Watch) -> list[Compared]:
    metrics, points, _, _ = journal.totals()
    same_metrics = same_points = 0
    differing: list[str] = []
    for run_id in journal.ids("run"):
        wanted = {one.key: one for one in journal.series(run_id)}
        if not wanted:
            continue
        try:
            there = {one.key: one for one in target.digests(run_id)}
        except NotFound:
            there = {}
        for key, series in wanted.items():
            if there.get(key) == series:
                same_metrics += 1
                same_points += series.count
            else:
                differing.append(f"{key} of run {run_id}")
        watch.add("points verified", sum(one.count for one in there.values()))
    return [
        Compared("metrics", metrics, same_metrics, differing[:MOST_SHOWN]),
        Compared("points", points, same_points, []),
    ]


def _files(target: Workspace, journal: Journal, watch: Watch) -> list[Compared]:
    _, _, files, size = journal.totals()
    same_files = same_bytes = 0
    differing: list[str] = []
    for some in journal.files():
        there = target.file_digests([one.place for one in some])
        for kept, found in zip(some, there, strict=True):
            if found == (kept.bytes, kept.digest):
                same_files += 1
                same_bytes += kept.bytes
            else:
                differing.append(kept.place)
        watch.add("files verified", len(some))
    return [
        Compared("files", files, same_files, differing[:MOST_SHOWN]),
        Compared("bytes of files", size, same_bytes, []),
    ]
