"""What was thrown away: it lies in the trash."""

from __future__ import annotations

import numpy as np

from runyard.demo import curves
from runyard.demo.plan import DAY_MS, MINUTE_MS, ExperimentPlan, RunPlan


def plan(now_ms: int) -> ExperimentPlan:
    """Three runs that did not work, in an experiment that is deleted."""
    runs = []
    for number in range(3):
        rng = np.random.default_rng([18, number])
        start_ms = now_ms - 20 * DAY_MS
        steps = np.arange(50, dtype=np.int64)
        loss = curves.timed("loss", steps, rng.normal(2.3, 0.05, 50), start_ms, start_ms + MINUTE_MS)
        checkpoint = {"checkpoints/last.bin": rng.bytes(200_000)}
        runs.append(RunPlan(f"try-{number}", start_ms, start_ms + MINUTE_MS, series=[loss], files=checkpoint))
    return ExperimentPlan("scratch", "First attempts.", {}, runs, deleted=True)
