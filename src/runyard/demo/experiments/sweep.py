"""A sweep: one parent, hundreds of children, most of them fine, some stopped early, come apart, failed, or running."""

from __future__ import annotations

import numpy as np

from runyard.demo import curves, documents
from runyard.demo.plan import DAY_MS, MINUTE_MS, ExperimentPlan, RunPlan

NAME = "hyperparameter-sweep"
NOTE = """\
Random search over six parameters of a small network, with early stopping by `val/loss`.

Open the parent to see all trials, or plot them in parallel coordinates: `learning_rate`, `dropout`, `hidden_units` →
`val/accuracy`.
"""
EPOCHS = 60


def plan(now_ms: int, trials: int) -> ExperimentPlan:
    """One parent with that many children."""
    start_ms = now_ms - int(2.5 * DAY_MS)
    children = []
    for number in range(trials):
        rng = np.random.default_rng([14, number])
        running = number >= trials - min(3, trials // 20)
        at_ms = now_ms - 9 * MINUTE_MS if running else start_ms + int(2.4 * DAY_MS * number / max(1, trials))
        children.append(_trial(number, rng, at_ms, now_ms, running=running))
    best = max(
        (float(one.values[-1]) for run in children for one in run.series if one.key == "val/accuracy"),
        default=0.0,
    )
    at = np.zeros(1, dtype=np.int64)
    parent = RunPlan(
        "random-search",
        start_ms,
        None,
        "RUNNING",
        {"strategy": "random", "trials": str(trials), "epochs": str(EPOCHS), "objective": "val/accuracy"},
        {
            "mlflow.source.name": "sweep.py",
            "mlflow.source.type": "LOCAL",
            "mlflow.source.git.commit": documents.COMMIT,
        },
        note="The search itself; its trials are the nested runs.",
        series=[curves.timed("best/val_accuracy", at, np.array([best]), now_ms, now_ms)],
        files={"search_space.json": documents.pretty_json(_space())},
        children=children,
    )
    return ExperimentPlan(NAME, NOTE, {"team.goal": "find good parameters", "domain": "search"}, [parent])


def _space() -> dict[str, object]:
    return {
        "learning_rate": {"log_uniform": [1e-4, 1e-1]},
        "dropout": {"uniform": [0.0, 0.6]},
        "hidden_units": [32, 64, 128, 256, 512],
        "layers": [1, 2, 3, 4],
        "batch_size": [32, 64, 128, 256],
        "optimizer": ["adam", "sgd", "rmsprop"],
    }


def _trial(number: int, rng: np.random.Generator, start_ms: int, now_ms: int, *, running: bool) -> RunPlan:
    rate = float(10 ** rng.uniform(-4, -1))
    dropout = float(rng.uniform(0, 0.6))
    hidden, layers = int(rng.choice([32, 64, 128, 256, 512])), int(rng.integers(1, 5))
    optimizer = str(rng.choice(["adam", "sgd", "rmsprop"]))
    ideal = -2.6 if optimizer != "sgd" else -1.4
    top = (
        0.93
        - 0.055 * (np.log10(rate) - ideal) ** 2
        - 0.35 * (dropout - 0.22) ** 2
        + 0.012 * np.log2(hidden / 32)
    )
    top = float(np.clip(top - 0.01 * abs(layers - 2) + rng.normal(0, 0.006), 0.3, 0.985))
    apart = rate > 0.045 and optimizer != "sgd"
    stopped = not apart and not running and rng.random() < 0.16
    failed = not (apart or stopped or running) and rng.random() < 0.03
    count = 24 if running else int(rng.integers(8, 25)) if stopped or failed else EPOCHS
    steps = np.arange(count, dtype=np.int64)
    end_ms = now_ms if running else start_ms + int(count * rng.uniform(7_000, 12_000))
    half = float(np.clip(5 * (10**-2.6 / rate) ** 0.35, 2, 30))
    loss = curves.falling(steps, rng, start=2.3, floor=1.4 * (1 - top), half=half, noise=0.03)
    held = curves.overfitted(
        curves.falling(steps, rng, start=2.3, floor=1.9 * (1 - top), half=half * 1.1, noise=0.02),
        0.25 * (0.3 - dropout),
    )
    if apart:
        loss, held = curves.diverged(loss, 6), curves.diverged(held, 7)
    accuracy = curves.rising(steps, rng, top=0.1 if apart else top, half=half, noise=0.008)
    columns = {"train/loss": loss, "val/loss": held, "val/accuracy": accuracy}
    series = [curves.timed(key, steps, values, start_ms, end_ms) for key, values in columns.items()]
    status = "RUNNING" if running else "FAILED" if failed or apart else "KILLED" if stopped else "FINISHED"
    tags = {"mlflow.source.name": "sweep.py", "trial": str(number)}
    if apart:
        tags["outcome"] = "came apart"
    elif stopped:
        tags["outcome"] = "stopped early"
    return RunPlan(
        f"trial-{number:03d}",
        start_ms,
        None if running else end_ms,
        status,
        {
            "learning_rate": f"{rate:.5g}",
            "dropout": f"{dropout:.3f}",
            "hidden_units": str(hidden),
            "layers": str(layers),
            "batch_size": str(rng.choice([32, 64, 128, 256])),
            "optimizer": optimizer,
            "weight_decay": f"{10 ** rng.uniform(-6, -2):.3g}",
        },
        tags,
        series=series,
    )
