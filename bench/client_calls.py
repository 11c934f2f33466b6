"""Runs under a peer's interpreter: calls the real `mlflow.log_metric`, one call after the other.

Reads `SECONDS` lines from stdin; answers each with one JSON line: calls, wall_s, cpu_s (the client's own), errors.
"""

import json
import sys
import time

import mlflow  # type: ignore[import-not-found,unused-ignore]


def calls(seconds: float, first_step: int) -> dict[str, object]:
    errors, first_error, step = 0, "", first_step
    begun, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < seconds:
        try:
            mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        except Exception as exc:  # noqa: BLE001 - any failed call is counted
            errors, first_error = errors + 1, first_error or repr(exc)
        step += 1
    return {
        "calls": step - first_step,
        "wall_s": time.perf_counter() - begun,
        "cpu_s": time.process_time() - cpu,
        "errors": errors,
        "first_error": first_error,
    }


def main(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    step = 0
    with mlflow.start_run():
        mlflow.log_metric("loss", 1.0, step=-1)
        print(json.dumps({"version": mlflow.__version__}), flush=True)
        for line in sys.stdin:
            done = calls(float(line), step)
            step += int(str(done["calls"]))
            print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
