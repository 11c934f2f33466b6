"""A workspace at a glance."""

from __future__ import annotations

import msgspec

from runyard.entities.run import RunStatus
from runyard.entities.run_page import RunBrief


class Overview(msgspec.Struct):
    """Experiments and active runs of a workspace, as far as they may be seen.

    Attributes:
        experiments: active ones; whole: False where they are so many that only the newest were looked into.
        runs: of all statuses; by_status: None where there are more than are counted.
        latest, running, failed: the newest ones; `latest` are runs of their own before those below another run, `failed`
            ended in the last days.
    """

    experiments: int
    whole: bool
    runs: int | None
    by_status: dict[RunStatus, int | None]
    latest: list[RunBrief]
    running: list[RunBrief]
    failed: list[RunBrief]
