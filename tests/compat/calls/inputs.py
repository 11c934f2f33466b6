from typing import Any

from .call import get, post


def _dataset(name: str = "toy", digest: str = "d1", **more: str) -> dict[str, Any]:
    dataset = {"name": name, "digest": digest, "source_type": "local", "source": "{}"} | more
    return {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}


CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    post("model", "logged-models", {"experiment_id": "{exp}", "name": "net"}, keep={"model": "model.info.model_id"}),
    post("log", "runs/log-inputs", {"run_id": "{run}", "datasets": [_dataset(schema="s", profile="p")]}),
    post("log again", "runs/log-inputs", {"run_id": "{run}", "datasets": [_dataset(source="other", schema="other")]}),
    post("log second", "runs/log-inputs", {"run_id": "{run}", "datasets": [{"dataset": {"name": "bare", "digest": "d2", "source_type": "x", "source": "y"}}]}),
    post("log nothing", "runs/log-inputs", {"run_id": "{run}"}),
    post("without run", "runs/log-inputs", {"datasets": [_dataset()]}),
    post("unknown run", "runs/log-inputs", {"run_id": "0" * 32, "datasets": [_dataset()]}),
    post("without dataset", "runs/log-inputs", {"run_id": "{run}", "datasets": [{"tags": []}]}),
    post("without name", "runs/log-inputs", {"run_id": "{run}", "datasets": [{"dataset": {"digest": "d", "source_type": "x", "source": "y"}}]}),
    post("without digest", "runs/log-inputs", {"run_id": "{run}", "datasets": [{"dataset": {"name": "d", "source_type": "x", "source": "y"}}]}),
    post("long name", "runs/log-inputs", {"run_id": "{run}", "datasets": [_dataset("n" * 501)]}),
    post("long digest", "runs/log-inputs", {"run_id": "{run}", "datasets": [_dataset("n", "d" * 37)]}),
    post("model input", "runs/log-inputs", {"run_id": "{run}", "models": [{"model_id": "{model}"}]}),
    post("output", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 3}]}),
    post("output without run", "runs/outputs", {"models": [{"model_id": "{model}"}]}),
    post("output of unknown run", "runs/outputs", {"run_id": "0" * 32, "models": [{"model_id": "{model}"}]}),
    get("run with all", "runs/get", ("run_id", "{run}")),
    post("datasets of experiment", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": ["{exp}"]}, compare="shape"),
    post("datasets of nothing", "/ajax-api/2.0/mlflow/experiments/search-datasets", {}),
    post("datasets of 21", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": [str(i) for i in range(21)]}),
)  # fmt: skip
