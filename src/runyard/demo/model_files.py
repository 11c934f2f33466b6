"""The folder of a model that MLflow's clients can load: a linear one, whose code lies in the folder, too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

RUN_ID = "the-run-that-made-it"
CODE = '''\
"""A linear model: loads the weights beside it."""

import json
import pathlib


class Linear:
    def __init__(self, weights, bias, columns):
        self.weights, self.bias, self.columns = weights, bias, columns

    def predict(self, rows, params=None):
        """One number for each row, from a list of dicts or a data frame."""
        if hasattr(rows, "to_dict"):
            rows = rows.to_dict("records")
        return [self.bias + sum(w * row[c] for w, c in zip(self.weights, self.columns)) for row in rows]


def _load_pyfunc(path):
    found = json.loads((pathlib.Path(path) / "weights.json").read_text())
    return Linear(found["weights"], found["bias"], found["columns"])
'''
CONDA = """\
name: mlflow-env
channels: [conda-forge]
dependencies:
  - python=3.12
  - pip
  - pip: [mlflow]
"""


def model_folder(
    folder: str, made_ms: int, columns: Sequence[str], weights: Sequence[float], bias: float
) -> Mapping[str, bytes]:
    """Content by path. MLmodel has RUN_ID where that of the run belongs, which its server gives it."""
    inputs = [{"type": "double", "name": name, "required": True} for name in columns]
    signature = {"inputs": json.dumps(inputs), "outputs": json.dumps([{"type": "double", "required": True}])}
    made = datetime.fromtimestamp(made_ms / 1000, UTC)
    about = f"""\
artifact_path: {folder}
flavors:
  python_function:
    code: code
    data: data
    env: {{conda: conda.yaml}}
    loader_module: linear_model
    python_version: 3.12.11
mlflow_version: 3.18.0
model_uuid: {RUN_ID}
run_id: {RUN_ID}
signature:
  inputs: '{signature["inputs"]}'
  outputs: '{signature["outputs"]}'
  params: null
utc_time_created: '{made:%Y-%m-%d %H:%M:%S.%f}'
"""
    example = {"columns": list(columns), "data": [[round(0.1 * place, 2) for place in range(len(columns))]]}
    rounded = {
        "weights": [round(one, 4) for one in weights],
        "bias": round(bias, 4),
        "columns": list(columns),
    }
    return {
        f"{folder}/MLmodel": about.encode(),
        f"{folder}/conda.yaml": CONDA.encode(),
        f"{folder}/requirements.txt": b"mlflow\n",
        f"{folder}/input_example.json": json.dumps(example).encode(),
        f"{folder}/data/weights.json": json.dumps(rounded, indent=2).encode(),
        f"{folder}/code/linear_model.py": CODE.encode(),
    }
