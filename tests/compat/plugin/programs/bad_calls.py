"""Makes calls that are refused; prints what each raises, with the ids of the runs left out."""

import json
import math
from collections.abc import Callable

import mlflow
from mlflow.entities import Metric, Param, RunTag

client = mlflow.MlflowClient()
store = client._tracking_client.store
experiment = client.create_experiment(f"bad-{id(client)}")
run = client.create_run(experiment).info.run_id
deleted = client.create_run(experiment).info.run_id
client.log_param(run, "p", "v")
client.log_metric(deleted, "m", 1.0)
client.delete_run(deleted)
unknown = "0" * 32
now = 1_700_000_000_000


def metric(key: str = "m", value: float = 1.0, ms: int = now, step: int = 0) -> Metric:
    return Metric(key, value, ms, step)


CALLS = {
    "key empty": lambda: client.log_metric(run, "", 1.0),
    "key none": lambda: client.log_metric(run, None, 1.0),
    "key number": lambda: client.log_metric(run, 7, 1.0),
    "key too long": lambda: client.log_metric(run, "k" * 251, 1.0),
    "key path": lambda: client.log_metric(run, "../m", 1.0),
    "key sign": lambda: client.log_metric(run, "m?", 1.0),
    "key surrogate": lambda: client.log_metric(run, "m\ud800", 1.0),
    "value text": lambda: client.log_metric(run, "m", "high"),
    "value none": lambda: client.log_metric(run, "m", None),
    "time negative": lambda: client.log_metric(run, "m", 1.0, timestamp=-1),
    "time float": lambda: client.log_metric(run, "m", 1.0, timestamp=1.5),
    "step float": lambda: client.log_metric(run, "m", 1.0, step=1.5),
    "step text": lambda: client.log_metric(run, "m", 1.0, step="one"),
    "step huge": lambda: client.log_metric(run, "m", 1.0, step=2**63),
    "run unknown": lambda: client.log_metric(unknown, "m", 1.0),
    "run empty": lambda: client.log_metric("", "m", 1.0),
    "run none": lambda: client.log_metric(None, "m", 1.0),
    "run deleted": lambda: client.log_metric(deleted, "m", 1.0),
    "run deleted, tag": lambda: client.set_tag(deleted, "m", 1.0),
    "run deleted, end": lambda: client.set_terminated(deleted),
    "param changed": lambda: client.log_param(run, "p", "other"),
    "param of an unknown run": lambda: client.log_param(unknown, "p", "other"),
    "params changed": lambda: client.log_batch(run, params=[Param("q", "1"), Param("p", "w")]),
    "params twice": lambda: client.log_batch(run, params=[Param("z", "1"), Param("z", "2")]),
    "param key": lambda: client.log_param(run, "a//b", 1),
    "param with nul": lambda: client.log_param(run, "n", "\0"),
    "tag key": lambda: client.set_tag(run, "", 1),
    "tag with nul": lambda: client.set_tag(run, "n", "\0"),
    "tag absent": lambda: client.delete_tag(run, "none"),
    "batch of a bad key": lambda: client.log_batch(run, [metric(), metric("a//b")]),
    "batch of a bad time": lambda: client.log_batch(run, [metric(ms=-5)]),
    "batch of a bad step": lambda: client.log_batch(run, [metric(step=2**63)]),
    "batch of a number as tag": lambda: client.log_batch(run, tags=[RunTag("t", 5)]),
    "batch too large": lambda: store.log_batch(run, [metric()] * 1_001, [], []),
    "batch of too many tags": lambda: store.log_batch(
        run, [], [], [RunTag(f"t{at}", "") for at in range(101)]
    ),
    "batch of an unknown run": lambda: client.log_batch(unknown, [metric()]),
    "status": lambda: client.update_run(run, status="GONE"),
    "end of an unknown run": lambda: client.set_terminated(unknown),
    "experiment unknown": lambda: client.create_run("987654321"),
    "experiment no number": lambda: client.create_run("none"),
    "name twice": lambda: client.create_run(experiment, run_name="a", tags={"mlflow.runName": "b"}),
    "history of an unknown run": lambda: client.get_metric_history(unknown, "m"),
    "unknown run": lambda: client.get_run(unknown),
    "good nan": lambda: client.log_metric(run, "m", math.nan),
    "good param again": lambda: client.log_param(run, "p", "v"),
    "later, a bad key": lambda: store.log_metric_async(run, metric("a//b")).wait(),
    "later, a changed param": lambda: store.log_param_async(run, Param("p", "other")).wait(),
}


def refusal(call: Callable[[], object]) -> list[str]:
    try:
        call()
    except Exception as exc:
        text = str(exc).replace(run, "RUN").replace(deleted, "DELETED")
        return [type(exc).__name__, str(getattr(exc, "error_code", "")), text]
    return []


print(json.dumps({name: refusal(call) for name, call in CALLS.items()}))
