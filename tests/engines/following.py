"""Engines are asked until something is as a test expects it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from socket import socket
from typing import TypeVar

from runyard.engines.contracts import Engine, EngineState, Phase
from runyard.engines.shell.contracts import Reach

T = TypeVar("T")


async def until(ask: Callable[[], Awaitable[T]], fits: Callable[[T], bool], limit_s: float) -> T:
    """The first answer that fits. Raises: AssertionError with the last one."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = await ask()
        if fits(answer):
            return answer
        assert time.monotonic() < deadline, f"after {limit_s} s: {answer}"
        await asyncio.sleep(0.2)


async def reaches(engine: Engine, engine_id: str, phase: Phase, limit_s: float = 60) -> EngineState:
    """The state of a job, once it is in this phase."""

    async def ask() -> EngineState:
        return (await engine.states([engine_id]))[engine_id]

    return await until(ask, lambda state: state.phase is phase, limit_s)


async def _anywhere(host: str, port: int) -> socket:
    loop = asyncio.get_running_loop()
    made = socket()
    made.setblocking(False)
    try:
        await loop.sock_connect(made, (host, port))
    except BaseException:
        made.close()
        raise
    return made


async def _any_key(host: str, port: int, key: str) -> str:
    return key


REACH = Reach(_anywhere, _any_key)
