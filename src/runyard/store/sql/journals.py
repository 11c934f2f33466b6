"""Statements about journals: their records become changes of runs, each once."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

import msgspec

from runyard.entities.change import ChangeKind
from runyard.entities.common import Stage
from runyard.entities.journal import BatchPoint, PointRecord
from runyard.entities.log_rules import run_absent
from runyard.entities.run import MetricPoint
from runyard.errors import AlreadyExists, CallerError, InvalidInput, NotAllowed, NotFound, shown
from runyard.store.journal_contracts import (
    Admission,
    Begun,
    Change,
    Changed,
    JournalMoved,
    Logged,
    Made,
    Refused,
    SomePoints,
    Stretch,
    Taken,
    Untagged,
)
from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database, Transaction
from runyard.store.sql.faults import TryAgain
from runyard.store.sql.intern import RunRef
from runyard.store.sql.liveness import ALIVE, forget_beats, revive
from runyard.store.sql.logged_models import record_metrics, require_models
from runyard.store.sql.marks import Mark, marked
from runyard.store.sql.run_points import buffer_of
from runyard.store.sql.runs import active_run, change_run, insert_run, remove_tag
from runyard.store.sql.series.points import pack
from runyard.store.sql.text_buffer import TextBuffer, Texts

MESSAGE_LIMIT = 1_000  # characters of one refusal
KEPT_REFUSALS = 15_000  # as many as the answer to one request may have

TAKEN = "SELECT applied, refused FROM journals WHERE workspace_id = ? AND id = ?"
POSITION = "SELECT applied FROM journals WHERE workspace_id = ? AND id = ?"
INSERT = """INSERT INTO journals (workspace_id, id, applied, refused, seen_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (workspace_id, id) DO NOTHING"""
ADVANCE = """UPDATE journals SET applied = ?, refused = ?, seen_ms = ?, ended_ms = NULL
    WHERE workspace_id = ? AND id = ?"""
SEEN = "UPDATE journals SET seen_ms = ?, ended_ms = coalesce(?, ended_ms) WHERE workspace_id = ? AND id = ?"
FORGET = """DELETE FROM journals WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM journals
    WHERE seen_ms < ? AND (ended_ms IS NOT NULL OR seen_ms < ?) ORDER BY seen_ms LIMIT ?)"""
EXPERIMENT = "SELECT id, stage FROM experiments WHERE workspace_id = ? AND name = ?"
HOME = "SELECT experiment_id FROM runs WHERE uuid = ? AND workspace_id = ?"


class SqlJournals:
    """JournalStore on a Database.

    Args:
        artifact_root: URI below which the artifacts of experiments that are made here go.
    """

    def __init__(self, database: Database, artifact_root: str) -> None:
        self._database = database
        self._artifact_root = artifact_root
        self.points_accepted = 0

    async def taken(self, workspace_id: int, journal: str) -> Taken:
        row = await self._database.peek(lambda c: c.one(TAKEN, (workspace_id, journal)))
        return Taken(0) if row is None else Taken(row[0], msgspec.json.decode(row[1], type=list[Refused]))

    async def take(self, workspace_id: int, journal: str, stretch: Stretch, admission: Admission) -> Made:
        def work(tx: Transaction) -> tuple[Made, int]:
            began = time.perf_counter()
            is_new = _require_position(tx, workspace_id, journal, stretch.before)
            taking = _Taking(tx, workspace_id, self._artifact_root, admission)
            for together, some in itertools.groupby(stretch.changes, _is_logged):
                make = taking.log if together else taking.make_all
                make(list(some))
            refused = [*stretch.refused, *taking.refused]
            _advance(tx, workspace_id, journal, stretch.last, refused, is_new=is_new)
            return Made(taking.refused, time.perf_counter() - began), taking.points

        made, points = await self._database.write(work, checked=True)
        self.points_accepted += points
        return made

    def taking(
        self, workspace_id: int, journal: str, before: int, seq: int, refused: Sequence[Refused]
    ) -> AbstractContextManager[Mark]:
        def keep(tx: Transaction) -> None:
            is_new = _require_position(tx, workspace_id, journal, before)
            _advance(tx, workspace_id, journal, seq, refused, is_new=is_new)

        return marked(Mark(keep))

    async def seen(self, workspace_id: int, journal: str, *, ended: bool) -> None:
        now = now_ms()
        values = (now, now if ended else None, workspace_id, journal)
        await self._database.write(lambda tx: tx.execute(SEEN, values), checked=True)

    async def forget(self, ended_before_ms: int, seen_before_ms: int, limit: int) -> int:
        values = (ended_before_ms, seen_before_ms, limit)
        return await self._database.write(lambda tx: tx.execute(FORGET, values), checked=True)


def _require_position(tx: Transaction, workspace_id: int, journal: str, before: int) -> bool:
    """Whether the journal is new. Two servers that take the same journal meet here, one after the other.

    Raises: JournalMoved, unless it was taken up to `before`.
    """
    lock = " FOR UPDATE" if tx.dialect == "postgresql" else ""
    row = tx.one(POSITION + lock, (workspace_id, journal))
    applied = 0 if row is None else int(row[0])
    if applied != before:
        raise JournalMoved(applied)
    return row is None


def _advance(
    tx: Transaction, workspace_id: int, journal: str, last: int, refused: Sequence[Refused], *, is_new: bool
) -> None:
    told = msgspec.json.encode(refused[:KEPT_REFUSALS]).decode()
    if not is_new:
        tx.execute(ADVANCE, (last, told, now_ms(), workspace_id, journal))
    elif not tx.execute(INSERT, (workspace_id, journal, last, told, now_ms())):
        raise TryAgain("Another server takes the same journal just now. Send the request again.")


def _is_logged(change: Change) -> bool:
    return isinstance(change, Logged | SomePoints)


class _Taking:
    """One stretch of records in a transaction. Whatever is refused is refused before its first change."""

    def __init__(self, tx: Transaction, workspace_id: int, artifact_root: str, admission: Admission) -> None:
        self._tx = tx
        self._workspace_id = workspace_id
        self._artifact_root = artifact_root
        self._admission = admission
        self._alive: set[int] = set()
        self.refused: list[Refused] = []
        self.points = 0

    def log(self, changes: Sequence[Change]) -> None:
        """What is logged to runs, params and tags in few statements."""
        texts = TextBuffer(self._tx)
        texts.look_ahead(self._texts(changes))
        for change in changes:
            try:
                if isinstance(change, SomePoints):
                    self._add(self._run(change.run_id), change.points)
                elif isinstance(change, Logged):
                    self._log(change, texts)
            except CallerError as exc:
                self._refuse(change, exc)
        texts.flush()

    def make_all(self, changes: Iterable[Change]) -> None:
        """Make other changes, or note why not."""
        for change in changes:
            try:
                if isinstance(change, Begun):
                    self._begin(change)
                elif isinstance(change, Changed):
                    self._change(self._run(change.run_id), change)
                elif isinstance(change, Untagged):
                    remove_tag(self._tx, self._run(change.run_id), change.key)
            except CallerError as exc:
                self._refuse(change, exc)

    def _refuse(self, change: Change, exc: CallerError) -> None:
        seqs = change.seqs if isinstance(change, SomePoints) else [change.seq]
        message = exc.message[:MESSAGE_LIMIT]
        self.refused += [Refused(seq, exc.code, message) for seq in seqs]

    def _texts(self, changes: Sequence[Change]) -> Iterator[Texts]:
        """Params and tags of those whose runs take them."""
        for change in changes:
            if isinstance(change, Logged) and (change.params or change.tags):
                with contextlib.suppress(CallerError):
                    yield self._run(change.run_id), change.params, change.tags

    def _run(self, run_id: str) -> RunRef:
        run = active_run(self._tx, self._workspace_id, run_id)
        self._admission.require(run.experiment_id, run_absent(run_id))
        if run.id not in self._alive:
            revive(self._tx, run)
            self._alive.add(run.id)
        return run

    def _add(self, run: RunRef, points: Sequence[PointRecord | BatchPoint]) -> None:
        blob = pack(
            self._tx.interned.keys(self._tx, [point.key for point in points]),
            [point.step for point in points],
            [point.ms for point in points],
            [point.value for point in points],
        )
        buffer_of(self._tx).add_packed(run, blob)
        self.points += len(points)

    def _log(self, one: Logged, texts: TextBuffer) -> None:
        run = self._run(one.run_id)
        tied = [_measured(point) for point in one.points if point.model_id]
        if tied:
            require_models(self._tx, self._workspace_id, [point.model_id or "" for point in tied])
        alone = len(one.params) == 1 and not (one.points or one.tags)
        texts.add(run, one.params, one.tags, batch=not alone)
        if one.params or one.tags:
            self._tx.changes.of_runs((run,), ChangeKind.INFO)
        if tied:
            record_metrics(self._tx, self._workspace_id, run.uuid, tied)
        if one.points:
            self._add(run, one.points)
        else:
            buffer_of(self._tx).touch(run)

    def _change(self, run: RunRef, one: Changed) -> None:
        change_run(self._tx, run, one.status, one.end_ms, one.name)
        if one.status is not None and one.status not in ALIVE:
            forget_beats(self._tx, run)

    def _begin(self, one: Begun) -> None:
        new = one.run
        if one.experiment is not None:
            new = msgspec.structs.replace(new, experiment_id=self._experiment(one))
        absent = NotFound(f"No Experiment with id={new.experiment_id} exists")
        self._admission.require(new.experiment_id, absent)
        if insert_run(self._tx, self._workspace_id, new) is not None:
            return
        row = self._tx.one(HOME, (new.id, self._workspace_id))
        if row is None or row[0] != new.experiment_id:
            raise AlreadyExists(f"The run id {shown(new.id)} is taken by another run. Choose another one.")

    def _experiment(self, one: Begun) -> int:
        """The number of the experiment of that name, made when there is none."""
        name = one.experiment or ""
        row = self._tx.one(EXPERIMENT, (self._workspace_id, name))
        if row is None and not one.may_make:
            raise NotAllowed(
                f"There is no experiment {shown(name)}, and you may not make one. Name another, or ask an owner."
            )
        if row is None:
            made = experiments.insert(self._tx, self._workspace_id, name, self._artifact_root)
            if made is None:
                raise TryAgain(f"Another server makes the experiment {shown(name)} just now.")
            return made
        if row[1] != Stage.ACTIVE:
            self._admission.require(row[0], NotFound(f"Could not find experiment with name {shown(name)}"))
            raise InvalidInput(
                f"The experiment {shown(name)} is deleted. Restore it, or log to one of another name."
            )
        return int(row[0])


def _measured(point: BatchPoint) -> MetricPoint:
    return MetricPoint(
        point.key,
        point.value,
        point.ms,
        point.step,
        point.model_id,
        point.dataset_name,
        point.dataset_digest,
    )
