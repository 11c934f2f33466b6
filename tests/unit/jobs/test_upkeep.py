"""Work in the background."""

from __future__ import annotations

import asyncio
import logging

import pytest

from runyard.errors import StorageUnavailable
from runyard.jobs import upkeep
from runyard.jobs.upkeep import Upkeep


class Share:
    """Held or not."""

    def __init__(self, held: bool = True) -> None:
        self.held = held
        self.left = 0

    async def take(self) -> bool:
        """Whether the work is this server's."""
        return self.held

    async def leave(self) -> None:
        """Counted."""
        self.left += 1


class Work:
    """Counts its steps; each fails with the next of the errors, if there is one."""

    def __init__(self, *errors: Exception, more: int = 0) -> None:
        self.steps = 0
        self._errors = list(errors)
        self._more = more

    async def step(self) -> bool:
        """One step."""
        self.steps += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.steps <= self._more

    async def until(self, steps: int) -> None:
        """Wait until there were so many."""
        async with asyncio.timeout(10):
            while self.steps < steps:
                await asyncio.sleep(0.005)


def test_steps_follow_at_once_while_there_is_more_to_do() -> None:
    async def scenario() -> int:
        work, share = Work(more=5), Share()
        async with Upkeep("It", work.step, share, 0.05).running():
            await work.until(6)
        assert share.left == 1
        return work.steps

    assert asyncio.run(scenario()) >= 6


def test_a_failure_is_logged_and_the_step_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        work = Work(StorageUnavailable("away"), RuntimeError("a bug"))
        async with Upkeep("It", work.step, Share(), 0.01).running():
            await work.until(3)

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records] == [
        "It waits: away",
        "It failed; it will be tried again",
    ]


def test_what_another_server_does_is_left_to_it() -> None:
    async def scenario() -> int:
        work, share = Work(), Share(held=False)
        async with Upkeep("It", work.step, share, 0.005).running():
            await asyncio.sleep(0.05)
            assert work.steps == 0
            share.held = True
            await work.until(1)
        return work.steps

    assert asyncio.run(scenario()) >= 1


def test_a_step_that_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "END_S", 0.05)
    cut: list[str] = []

    async def step() -> bool:
        cut.append("begun")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            cut.append("cut")
            raise
        return False

    async def scenario() -> None:
        async with Upkeep("It", step, Share(), 0.001).running():
            while not cut:
                await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert cut == ["begun", "cut"]
