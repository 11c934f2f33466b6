"""Which points of a long series a chart gets: sizes of series against sizes of the answer."""

from typing import Any

from .call import Call, get, post

INTERVAL = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
LENGTHS = (1, 2, 3, 5, 10, 11, 99, 100, 101, 1000)
SIZES = (1, 2, 3, 4, 7, 10, 25)


def _points(key: str, points: list[tuple[int, int, Any]], run: str = "{run}") -> Call:
    metrics = [{"key": key, "step": step, "timestamp": ms, "value": value} for step, ms, value in points]
    return post(f"points of {key}", "runs/log-batch", {"run_id": run, "metrics": metrics})


def _interval(
    name: str, key: str, size: int | None, *more: tuple[str, str], runs: tuple[str, ...] = ("run",)
) -> Call:
    query = [*(("run_ids", "{" + run + "}") for run in runs), ("metric_key", key), *more]
    return get(name, INTERVAL, *query, *([("max_results", str(size))] if size is not None else []))


SPECIAL = ("NaN", 1, "Infinity", -1, "-Infinity", 0, "NaN", 2)
GAPS = [(step * step - 50, 1, step) for step in range(60)]
SAME_STEP = [(0, ms // 3, (ms * 7) % 40) for ms in range(40)]
NOT_NUMBERS = [(step // 4, 1, SPECIAL[step % 8] if step % 3 else step) for step in range(64)]
BACKWARDS = [(step, 1_000 - step, step) for step in reversed(range(50))]

CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    post("other run", "runs/create", {"experiment_id": "{exp}", "run_name": "o"}, keep={"other": "run.info.run_id"}),
    *(_points(f"m{length}", [(step, 1, step) for step in range(length)]) for length in LENGTHS),
    _points("gaps", GAPS),
    _points("same", SAME_STEP),
    _points("special", NOT_NUMBERS),
    _points("backwards", BACKWARDS),
    Call("points of the other run", "POST", "runs/log-batch", {"run_id": "{other}", "metrics": [{"key": "m100", "step": step, "timestamp": 1, "value": -step} for step in range(30)]}),
    *(_interval(f"{size} of {length}", f"m{length}", size) for length in LENGTHS for size in SIZES),
    *(_interval(f"{size} of 1000", "m1000", size) for size in (50, 99, 333)),
    _interval("99 of 100", "m100", 99),
    _interval("100 of 101", "m101", 100),
    *(_interval(f"{size} of gaps", "gaps", size) for size in (1, 2, 7, 10, 59, 60, 61)),
    _interval("gaps in steps", "gaps", 5, ("start_step", "-50"), ("end_step", "500")),
    _interval("gaps at one step", "gaps", 5, ("start_step", "50"), ("end_step", "50")),
    _interval("gaps between steps", "gaps", 5, ("start_step", "51"), ("end_step", "60")),
    *(_interval(f"{size} of same", "same", size) for size in (1, 2, 7, 10, 39)),
    _interval("same in steps", "same", 6, ("start_step", "0"), ("end_step", "0")),
    *(_interval(f"{size} of special", "special", size) for size in (1, 2, 7, 10, 33, 64)),
    _interval("special in steps", "special", 5, ("start_step", "3"), ("end_step", "9")),
    *(_interval(f"{size} of backwards", "backwards", size) for size in (1, 3, 8, 49)),
    _interval("7 of two runs", "m100", 7, runs=("run", "other")),
    _interval("7 of two runs turned", "m100", 7, runs=("other", "run")),
    _interval("7 of a run twice", "m100", 7, runs=("other", "other")),
    _interval("7 of two runs in steps", "m100", 7, ("start_step", "10"), ("end_step", "49"), runs=("run", "other")),
    _interval("7 of a run without it", "m99", 7, runs=("other",)),
    get("7 of an unknown run", INTERVAL, ("run_ids", "0" * 32), ("run_ids", "{other}"), ("metric_key", "m100"), ("max_results", "7")),
)  # fmt: skip
