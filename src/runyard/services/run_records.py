"""Rules for run records and properties."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.entities.common import Page, Tag
from runyard.entities.log_rules import TAGS_LIMIT, run_absent
from runyard.entities.run import PARENT_TAG, RUN_NAME_TAG, USER_TAG, NewRun, Run
from runyard.entities.run_record import KINDS, RunRecord
from runyard.errors import InvalidInput, NotAllowed, NotFound, TooLarge, shown
from runyard.services.checks import (
    KEY_LIMIT,
    NAME_LIMIT,
    TAG_VALUE_LIMIT,
    check_length,
    check_max_results,
    check_text,
    experiment_of,
)
from runyard.services.context import Context
from runyard.services.names import random_run_name
from runyard.store.run_record_contracts import RunRecordStore

RECORDS_LIMIT = 1_000  # in one request
BODY_LIMIT = 1024 * 1024  # bytes of one record's body as JSON
PROPERTIES_LIMIT = 100  # in one request
PROPERTY_VALUE_LIMIT = 8_000
RUNS_LIMIT = 1_000  # whose properties are asked for at once
PAGE_LIMIT = 1_000
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_UUID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LAST_MS = 2**63 - 1


class RunRecordService:
    """Checks, then asks the store."""

    def __init__(self, store: RunRecordStore) -> None:
        self._store = store

    async def create_run(
        self,
        ctx: Context,
        *,
        experiment_id: str | int | None,
        experiment_name: str | None,
        run_id: str | None,
        name: str | None,
        parent_run_id: str | None,
        tags: Mapping[str, str],
        properties: Mapping[str, str],
        start_ms: int | None,
    ) -> Run:
        """A run; with the run_id and experiment of one that is there, that one."""
        if run_id is not None and not _RUN_ID.fullmatch(run_id):
            raise InvalidInput(
                f"Invalid value {shown(run_id)} for parameter 'run_id' supplied: it must begin with a letter or "
                "digit and hold only letters, digits, dashes and underscores, at most 255 of them."
            )
        experiment = await self._experiment(ctx, experiment_id, experiment_name)
        given = {**tags, **({} if parent_run_id is None else {PARENT_TAG: parent_run_id})}
        given[RUN_NAME_TAG] = name or given.get(RUN_NAME_TAG) or random_run_name()
        _check_texts("tag", given, TAGS_LIMIT, TAG_VALUE_LIMIT)
        _check_texts("property", properties, PROPERTIES_LIMIT, PROPERTY_VALUE_LIMIT)
        if start_ms is not None and start_ms < 0:
            raise InvalidInput(
                f"Invalid value {start_ms} for parameter 'start_ms' supplied: it must not be negative."
            )
        if parent_run_id is not None:
            await self._require_readable(ctx, parent_run_id)
        new = NewRun(
            run_id or uuid.uuid4().hex,
            experiment,
            given[RUN_NAME_TAG],
            given.get(USER_TAG, ""),
            start_ms,
            [Tag(key, value) for key, value in given.items()],
        )
        return await self._store.create(ctx.workspace_id, new, properties)

    async def add(self, ctx: Context, run_id: str, records: Sequence[RunRecord]) -> None:
        """Records of one run, all or none."""
        if len(records) > RECORDS_LIMIT:
            raise InvalidInput(
                f"A request can hold at most {RECORDS_LIMIT} records. Got {len(records)}. Split them up."
            )
        for one in records:
            _check_record(one)
        await self._store.add(ctx.workspace_id, run_id, records)

    async def records(
        self,
        ctx: Context,
        run_id: str,
        *,
        name: str | None,
        kind: str | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[RunRecord]:
        """A page of records in the order in which they came."""
        return await self._store.records(
            ctx.workspace_id,
            run_id,
            name=name,
            kind=kind,
            max_results=check_max_results(max_results, PAGE_LIMIT),
            page_token=page_token or None,
        )

    async def number(self, ctx: Context, run_id: str) -> int:
        """Which run of its experiment it is, from 1 on; deleted ones count. Cost: counts those before it in an index."""
        return await self._store.number(ctx.workspace_id, run_id)

    async def properties(self, ctx: Context, run_id: str) -> Mapping[str, str]:
        """The properties of one run."""
        found = await self._store.properties(ctx.workspace_id, [run_id])
        if run_id not in found:
            raise run_absent(run_id)
        return found[run_id]

    async def properties_of(self, ctx: Context, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The properties of several runs."""
        if len(run_ids) > RUNS_LIMIT:
            raise InvalidInput(f"A request can name at most {RUNS_LIMIT} runs. Got {len(run_ids)}.")
        return await self._store.properties(ctx.workspace_id, list(dict.fromkeys(run_ids)))

    async def set_properties(self, ctx: Context, run_id: str, properties: Mapping[str, str]) -> None:
        """Each key once; the same value again changes nothing."""
        _check_texts("property", properties, PROPERTIES_LIMIT, PROPERTY_VALUE_LIMIT)
        await self._store.set_properties(ctx.workspace_id, run_id, properties)

    async def _experiment(
        self, ctx: Context, experiment_id: str | int | None, experiment_name: str | None
    ) -> int:
        """The experiment that a new run goes to; one found by its name is checked here, since it was not named by id."""
        if experiment_id is not None and experiment_id != "":
            return experiment_of(ctx, experiment_id)
        if not experiment_name:
            raise InvalidInput.missing("experiment_id")
        found = await self._store.experiment_named(ctx.workspace_id, experiment_name)
        if not ctx.grants.permits("experiments/read", found):
            raise NotFound(f"Could not find experiment with name {shown(experiment_name)}")
        if not ctx.grants.permits("runs/write", found):
            raise NotAllowed(
                f"{ctx.principal.name} may not do runs/write in experiment {shown(experiment_name)}. An owner can "
                "assign a role that includes it."
            )
        return found

    async def _require_readable(self, ctx: Context, run_id: str) -> None:
        home = await self._store.experiment_of(ctx.workspace_id, run_id)
        if not ctx.grants.permits("runs/read", home):
            raise run_absent(run_id)


def body_text(name: str, body: Mapping[str, Any]) -> str:
    """A record's body as it is kept.

    Raises: InvalidInput for numbers that JSON has no word for; TooLarge.
    """
    try:
        text = json.dumps(body, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise InvalidInput(
            f"The body of record {shown(name)} holds NaN, an infinity or is nested too deeply. "
            "Write such a number as text."
        ) from None
    if len(text) > BODY_LIMIT:
        raise TooLarge(
            f"The body of record {shown(name)} has {len(text)} bytes, more than {BODY_LIMIT}. "
            "Upload it as an artifact."
        )
    return text


def _check_record(one: RunRecord) -> None:
    check_length("record name", one.name, NAME_LIMIT)
    check_text("name", one.name)
    if not one.name:
        raise InvalidInput.missing("name")
    if one.kind not in KINDS:
        raise InvalidInput(
            f"Invalid value {shown(one.kind)} for parameter 'kind' supplied: it is one of {', '.join(sorted(KINDS))}."
        )
    if not _UUID.fullmatch(one.uuid):
        raise InvalidInput(
            f"Invalid value {shown(one.uuid)} for parameter 'uuid' supplied: it is 1 to 64 letters, digits, "
            "dashes and underscores."
        )
    if not 0 <= one.logged_ms <= _LAST_MS:
        raise InvalidInput(f"Invalid value {shown(one.logged_ms)} for parameter 'logged_ms' supplied.")


def _check_texts(what: str, texts: Mapping[str, str], count: int, length: int) -> None:
    if len(texts) > count:
        raise InvalidInput(f"A request can set at most {count} of a run's {what}s. Got {len(texts)}.")
    for key, value in texts.items():
        if not key:
            raise InvalidInput(f"A {what} has an empty key.")
        check_length(f"{what} key", key, KEY_LIMIT)
        check_length(f"{what} value", value, length)
        check_text(what, key + value)
