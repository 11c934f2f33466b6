"""What engines are asked for people who look on."""

from __future__ import annotations

import asyncio

from runyard.jobs import handover
from runyard.jobs.handover import EngineHandover
from tests.contract.store.engine_double import DispatchStage, EngineDouble
from tests.contract.store.stores import Stores


class SlowTails(EngineDouble):
    """Counts how many are read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def tail(self, engine_id: str) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return engine_id


def test_ever_so_many_who_look_on_leave_a_target_to_its_work(stores: Stores) -> None:
    stage = DispatchStage(stores)
    stage.engine = engine = SlowTails()
    job = stage.jobs.submit()
    stage.step()
    job = stage.jobs.now(job)
    asked = EngineHandover(stage.parts, stage.dispatcher)

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(asked.tail(job) for _ in range(20)))

    assert stage.do(all_at_once()) == [job.engine_id] * 20
    assert engine.most == handover.TAILS_AT_ONCE
