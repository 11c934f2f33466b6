from typing import Any

from .call import Call, get, post


def _log(name: str, *, phrase: str = "", **fields: Any) -> Call:
    whole = {"run_id": "{run}", "key": "m", "value": 1.0, "timestamp": 1} | fields
    return post(name, "runs/log-metric", {k: v for k, v in whole.items() if v is not ...}, phrase=phrase)


CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    _log("log"),
    _log("log again"),
    _log("log by uuid", run_id=..., run_uuid="{run}", step=1),
    _log("text value", key="text", value="2.5"),
    _log("integer value", key="int", value=3),
    _log("NaN", key="nan", value="NaN"),
    _log("Infinity", key="inf", value="Infinity"),
    _log("minus Infinity", key="minf", value="-Infinity"),
    _log("bare NaN", key="bare", value=float("nan")),
    _log("bare Infinity", key="bareinf", value=float("inf")),
    _log("negative step", key="steps", step=-5),
    _log("huge step", key="steps", step=2**62),
    _log("text step", key="steps", step="7"),
    _log("integral float step", key="steps", step=8.0),
    _log("step beyond int64", key="beyond", step=2**63),
    _log("fractional step", key="fraction", step=1.5),
    _log("bad text value", key="bad", value="abc"),
    _log("-inf text value", key="bad2", value="-inf"),
    _log("boolean value", key="bool", value=True),
    _log("null value", key="null", value=None),
    _log("list value", key="list", value=[1]),
    _log("without value", value=...),
    _log("without key", key=...),
    _log("without timestamp", timestamp=...),
    _log("without run", run_id=...),
    _log("empty run", run_id=""),
    _log("unknown run", run_id="0" * 32, phrase="not found"),
    _log("negative timestamp", timestamp=-1),
    _log("text timestamp", key="tt", timestamp="12"),
    _log("bad timestamp", timestamp="now"),
    _log("empty key", key=""),
    _log("number as key", key=5),
    _log("key of 250", key="k" * 250),
    _log("key of 251", key="k" * 251, phrase="exceeds the maximum length of 250"),
    _log("key with dollar", key="a$b", phrase="Names may only contain alphanumerics"),
    _log("key with newline", key="a\nb"),
    _log("key with dots", key="a/../b", phrase="must not resolve to other names"),
    _log("key with leading slash", key="/a"),
    _log("key with trailing slash", key="a/"),
    _log("key with double slash", key="a//b"),
    _log("unicode key", key="größe ✓"),
    _log("umlaut key", key="größe"),
    _log("colon key", key="a:b c-d_e.f/g"),
    _log("with dataset", key="d", dataset_name="toy", dataset_digest="abc"),
    _log("with unknown model", key="mm", model_id="m-" + "0" * 32),
    get("run with metrics", "runs/get", ("run_id", "{run}"), compare="shape"),
)  # fmt: skip
