"""Which engine a compute target has, when it is opened and when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from runyard.engines.contracts import Engine
from runyard.entities.compute import Compute
from runyard.jobs.engines import Targets
from runyard.store.compute_contracts import ComputeStore
from tests.unit.jobs.made import compute


class Opened:
    """An engine that knows whether it is closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


def opened(*bases: Compute) -> list[Opened]:
    """What asking for these, one after the other, gave."""

    def open_one(base: Compute, credentials: Mapping[str, Any]) -> Engine:
        return cast(Engine, Opened())

    async def ask() -> list[Opened]:
        targets = Targets(cast(ComputeStore, None), open_one, lambda base: {}, local_jobs=True)
        return [cast(Opened, await targets.engine(base)) for base in bases]

    return asyncio.run(ask())


def test_an_engine_is_opened_once() -> None:
    first, second = opened(compute(), compute())
    assert first is second and not first.closed


def test_a_target_that_changed_has_a_new_one() -> None:
    old, new = opened(compute(modified_ms=1), compute(modified_ms=2))
    assert old.closed and not new.closed


def test_who_still_has_an_older_record_does_not_close_it() -> None:
    new, same = opened(compute(modified_ms=2), compute(modified_ms=1))
    assert same is new and not new.closed
