"""Records of a journal as the changes that they ask for, checked as if each had come in a request of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runyard.entities.common import Param, Tag
from runyard.entities.journal import (
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.entities.log_rules import LogRules, check_batch, named_tags, parse_status, run_absent, tag_absent
from runyard.entities.run import RUN_NAME_TAG, USER_TAG
from runyard.entities.run import NewRun as NewRunEntity
from runyard.errors import BadRequest, CallerError, InvalidInput, shown
from runyard.services.checks import check_text, experiment_of
from runyard.services.context import Context
from runyard.services.experiments import check_name
from runyard.store.journal_contracts import Begun, Change, Changed, Logged, Refused, SomePoints, Untagged

MESSAGE_LIMIT = 1_000  # characters of one refusal
_RUN_ID = re.compile(r"[0-9a-f]{32}")
Readable = Record | InvalidInput
"""A record, or why it cannot be read."""


class Plan:
    """The changes of some records.

    Points of a run are put together, where its first one stands: only a record that begins the run could change what
    becomes of them. Cost: 0.5 µs per point.
    """

    def __init__(self, ctx: Context, rules: LogRules) -> None:
        self._ctx = ctx
        self._rules = rules
        self._points: dict[str, SomePoints] = {}
        self._good_keys: set[str] = set()
        self.changes: list[Change] = []
        self.refused: list[Refused] = []

    def add(self, first: int, records: Sequence[Readable]) -> None:
        """Records that follow one another.

        Args:
            first: seq of the first of them.
        """
        points, good = self._points, self._good_keys
        for seq, record in enumerate(records, first):
            if type(record) is PointRecord and record.key in good and record.ms >= 0:
                found = points.get(record.run_id)
                if found is not None:
                    found.seqs.append(seq)
                    found.points.append(record)
                    continue
            try:
                self._add(seq, record)
            except CallerError as exc:
                self.refused.append(Refused(seq, exc.code, exc.message[:MESSAGE_LIMIT]))

    def _add(self, seq: int, record: Readable) -> None:
        if isinstance(record, InvalidInput):
            raise record
        if isinstance(record, FileRecord | Call):
            return
        run_id = record.run_id
        if not run_id:
            raise InvalidInput.missing("run_id")
        if "\0" in run_id:
            raise run_absent(run_id[:200])
        if isinstance(record, PointRecord):
            self._rules.check_metric(record.key, record.ms, record.value)
            self._good_keys.add(record.key)
            found = self._points.get(run_id)
            if found is None:
                found = self._points[run_id] = SomePoints(run_id, [], [])
                self.changes.append(found)
            found.seqs.append(seq)
            found.points.append(record)
        elif isinstance(record, BatchRecord):
            self.changes.append(self._logged(seq, record))
        elif isinstance(record, NewRun):
            self._points.pop(run_id, None)
            self.changes.append(self._begun(seq, record))
        elif isinstance(record, RunChange):
            check_text("run_name", record.name or "")
            status = parse_status(record.status)
            self.changes.append(Changed(seq, run_id, status, record.end_ms, record.name))
        else:
            self.changes.append(self._untagged(seq, record))

    def _logged(self, seq: int, record: BatchRecord) -> Logged:
        params = [Param(key, value) for key, value in record.params]
        tags = [Tag(key, value) for key, value in record.tags]
        check_batch(record.points, params, tags)
        good = self._good_keys
        for point in record.points:
            if point.key not in good or point.ms < 0:
                self._rules.check_metric(point.key, point.ms, point.value)
                good.add(point.key)
            if point.model_id is not None:
                for text in (point.model_id, point.dataset_name, point.dataset_digest):
                    check_text("metrics", text or "")
        return Logged(
            seq,
            record.run_id,
            record.points,
            [self._rules.param(param) for param in params],
            list({tag.key: self._rules.tag(tag) for tag in tags}.values()),
        )

    def _begun(self, seq: int, record: NewRun) -> Begun:
        if not _RUN_ID.fullmatch(record.run_id):
            raise InvalidInput(
                f"Invalid value {shown(record.run_id)} for parameter 'run_id' supplied: it must be 32 hex digits."
            )
        number, name = record.experiment_id, None
        if not number:
            name = record.experiment
            if not name:
                raise BadRequest.missing("experiment_id")
            check_name(name)
        tags = named_tags(record.name, [Tag(key, value) for key, value in record.tags])
        check_text("user_id", record.user_id)
        run = NewRunEntity(
            record.run_id,
            experiment_of(self._ctx, number) if number else 0,
            tags[RUN_NAME_TAG],
            record.user_id or tags.get(USER_TAG, ""),
            record.start_ms,
            [Tag(key, value) for key, value in tags.items()],
        )
        return Begun(seq, run, name, self._ctx.grants.permits("experiments/write"))

    def _untagged(self, seq: int, record: Untag) -> Untagged:
        if not record.key:
            raise InvalidInput.missing("key")
        if "\0" in record.key:
            raise tag_absent(record.run_id, record.key[:200])
        return Untagged(seq, record.run_id, record.key)
