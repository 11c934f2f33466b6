"""A workspace at a glance as our API spells it."""

from __future__ import annotations

import msgspec

from runyard.entities.overview import Overview
from runyard.wire.api.run_page import RunBriefMessage, briefs


class OverviewRequest(msgspec.Struct):
    """Of the workspace that is addressed."""


class OverviewAnswer(msgspec.Struct):
    """Active experiments and runs. A count is null where there are more than are counted.

    `whole` is false where only the 1,000 newest experiments were looked into. `failed`: in the last seven days, of runs
    that started in the last thirty.
    """

    experiments: int
    whole: bool
    runs: int | None
    runs_by_status: dict[str, int | None]
    latest: list[RunBriefMessage]
    running: list[RunBriefMessage]
    failed: list[RunBriefMessage]


def overview_answer(found: Overview) -> OverviewAnswer:
    """All of it."""
    return OverviewAnswer(
        found.experiments,
        found.whole,
        found.runs,
        {status.name: count for status, count in sorted(found.by_status.items())},
        briefs(found.latest),
        briefs(found.running),
        briefs(found.failed),
    )
