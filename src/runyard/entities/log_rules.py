"""What may be logged to a run: keys, values and batches. The limits are MLflow's.

The server holds to it, and a client that journals checks the same at the call, so that both answer with the same error.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from typing import Any

from runyard.entities.common import Param, Stage, Tag
from runyard.entities.run import RUN_NAME_TAG, DatasetInput, RunStatus
from runyard.entities.run_names import random_run_name
from runyard.errors import BadRequest, InvalidInput, NotFound, shown

KEY_LIMIT = 250
PARAM_VALUE_LIMIT = 6_000
TAG_VALUE_LIMIT = 8_000
METRICS_LIMIT = 1_000
PARAMS_LIMIT = 100
TAGS_LIMIT = 100
BATCH_LIMIT = 1_000
MODEL_HISTORY_TAG = "mlflow.log-model.history"
_KEY = re.compile(r"^[/\w.\- :]*$")
_KNOWN_KEYS_LIMIT = 100_000


class KeyChecker:
    """Checks keys of metrics, params and tags; remembers the good ones, since training loops repeat them."""

    def __init__(self) -> None:
        self.good: set[str] = set()

    def check(self, key: str, what: str) -> None:
        """Raises: InvalidInput, when key is too long or could be mistaken for another path."""
        if key in self.good:
            return
        check_key(key, what)
        if len(self.good) >= _KNOWN_KEYS_LIMIT:
            self.good.clear()
        self.good.add(key)


class LogRules:
    """Checks points, params and tags; remembers good keys. Any number of threads may ask.

    Attributes:
        metric_keys: those of metrics; its good ones need no other look.
    """

    def __init__(self) -> None:
        self.metric_keys = KeyChecker()
        self._keys = KeyChecker()

    def check_metric(self, key: str, ms: int, value: float) -> None:
        """One point.

        Raises: InvalidInput.
        """
        self.metric_keys.check(key, "Metric")
        if ms < 0:
            raise InvalidInput(
                f"Got invalid timestamp {ms} for metric '{key}' "
                f"(value={value}). Timestamp must be a nonnegative long (64-bit integer)"
            )

    def param(self, param: Param) -> Param:
        """A param as it is kept; a long value is cut, as MLflow does.

        Raises: InvalidInput.
        """
        self._keys.check(param.key, "Param")
        check_text("value", param.value)
        return (
            param
            if len(param.value) <= PARAM_VALUE_LIMIT
            else Param(param.key, param.value[:PARAM_VALUE_LIMIT])
        )

    def tag(self, tag: Tag) -> Tag:
        """A tag as it is kept; a long value is cut, as MLflow does.

        Raises: InvalidInput.
        """
        self._keys.check(tag.key, "Tag")
        check_text("value", tag.value)
        return tag if len(tag.value) <= TAG_VALUE_LIMIT else Tag(tag.key, tag.value[:TAG_VALUE_LIMIT])


def named_tags(name: str | None, tags: Sequence[Tag]) -> dict[str, str]:
    """The tags of a new run with its name among them; they are neither checked nor cut here, as in MLflow.

    Raises: BadRequest, InvalidInput.
    """
    by_key = {tag.key: tag.value for tag in tags}
    if len(by_key) != len(tags):
        raise BadRequest("A tag key is given twice.")
    for tag in tags:
        check_text("tag", tag.key + tag.value)
    tagged = by_key.get(RUN_NAME_TAG)
    if name and tagged and name != tagged:
        raise InvalidInput(
            f"Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name={shown(name)}, mlflow.runName={shown(tagged)})."
        )
    by_key[RUN_NAME_TAG] = name or tagged or random_run_name()
    check_text("run_name", by_key[RUN_NAME_TAG])
    return by_key


def check_key(key: str, what: str) -> None:
    """The rule for one key; what is Metric, Param or Tag."""
    if not key:
        raise InvalidInput.missing("key")
    if len(key) > KEY_LIMIT:
        raise InvalidInput(
            f"'{what} name' exceeds the maximum length of {KEY_LIMIT} characters: {shown(key)}"
        )
    if not _KEY.match(key) or "\n" in key:
        raise InvalidInput(
            f"Invalid value {shown(key)} for parameter 'name' supplied: Names may only contain alphanumerics, "
            "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )
    normal = posixpath.normpath(key)
    if normal != key or normal == "." or normal.startswith(("..", "/")):
        raise InvalidInput(
            f"Invalid value {shown(key)} for parameter 'name' supplied: Names may be treated as files in certain "
            f"cases, and must not resolve to other names when treated as such. This name would resolve to {normal!r}"
        )


def check_length(what: str, value: str, limit: int) -> None:
    """Raises: InvalidInput, when value has more than limit characters."""
    if len(value) > limit:
        raise InvalidInput(f"'{what}' exceeds the maximum length of {limit} characters: it has {len(value)}")


def check_text(what: str, value: str) -> None:
    """Raises: InvalidInput for NUL, which no database keeps."""
    if "\x00" in value:
        raise InvalidInput(
            f"Invalid value {shown(value)} for parameter '{what}' supplied: it holds a NUL character."
        )


def check_batch(metrics: Sequence[object], params: Sequence[Param], tags: Sequence[object]) -> None:
    """Raises: InvalidInput over a limit, or when a param key comes twice."""
    for what, size, limit in (
        ("metrics", len(metrics), METRICS_LIMIT),
        ("params", len(params), PARAMS_LIMIT),
        ("tags", len(tags), TAGS_LIMIT),
        ("metrics, params, and tags", len(metrics) + len(params) + len(tags), BATCH_LIMIT),
    ):
        if size > limit:
            raise InvalidInput(
                f"A batch logging request can contain at most {limit} {what}. Got {size} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )
    keys = [param.key for param in params]
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) != len(keys) else []
    if twice:
        raise InvalidInput(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one "
            "param value per param key."
        )


def check_dataset(one: DatasetInput) -> None:
    """Raises: InvalidInput."""
    data = one.dataset
    for what, value, limit in (
        ("name", data.name, 500),
        ("digest", data.digest, 36),
        ("source", data.source, 65_535),
        ("schema", data.schema or "", 1_048_575),
        ("profile", data.profile or "", 16_777_215),
    ):
        check_length(f"dataset {what}", value, limit)
        check_text(f"dataset {what}", value)
    if not data.name or not data.digest:
        raise InvalidInput.missing("name" if not data.name else "digest")
    for tag in one.tags:
        check_length("input tag key", tag.key, 255)
        check_length("input tag value", tag.value, 500)
        check_text("input tag", tag.key + tag.value)


def require_run_id(run_id: str | None) -> str:
    """Raises: InvalidInput when absent."""
    if not run_id:
        raise InvalidInput.missing("run_id")
    return run_id


def parse_status(status: str | int | None) -> RunStatus | None:
    """MLflow's status by name or number."""
    if status is None:
        return None
    try:
        return (
            RunStatus[status] if isinstance(status, str) and not status.isdigit() else RunStatus(int(status))
        )
    except (KeyError, ValueError):
        names = ", ".join(RunStatus.__members__)
        raise InvalidInput(
            f"Invalid value {shown(status)} for parameter 'status' supplied: valid values are {names}."
        ) from None


def parse_model(text: str | None) -> dict[str, Any]:
    """The JSON of a model, as clients before 3.0 describe it.

    Raises: InvalidInput.
    """
    if not text:
        raise InvalidInput.missing("model_json")
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"Malformed model info. \n {shown(text)} \n is not valid JSON.") from None
    needed = ("artifact_path", "flavors", "utc_time_created", "run_id")
    missing = [name for name in needed if not isinstance(model, dict) or name not in model]
    if missing:
        raise InvalidInput(f"Model json is missing mandatory fields: {missing}")
    return dict(model)


def run_absent(run_id: str) -> NotFound:
    """There is no such run."""
    return NotFound(f"Run with id={run_id} not found")


def run_inactive(run_id: str, stage: int) -> InvalidInput:
    """A deleted run takes nothing."""
    return InvalidInput(
        f"The run {run_id} must be in the 'active' state. Current state is {Stage(stage).text}."
    )


def tag_absent(run_id: str, key: str) -> NotFound:
    """A tag that is not there cannot be deleted."""
    return NotFound(f"No tag with name: {key} in run with id {run_id}")


def param_changed(run_id: str, changed: Sequence[tuple[Param, str]], *, batch: bool) -> InvalidInput:
    """Params that are set already, with the values that they have.

    Args:
        changed: what was to be set, and the value that is there.
        batch: whether they came in a batch; the texts are MLflow's.
    """
    if batch:
        listed = [{"key": p.key, "old_value": old, "new_value": p.value} for p, old in changed]
        return InvalidInput(
            "Changing param values is not allowed. Params were already"
            f" logged='{listed}' for run ID='{run_id}'."
        )
    param, old = changed[0]
    return InvalidInput(
        f"Changing param values is not allowed. Param with key='{param.key}' was already logged with "
        f"value='{old}' for run ID='{run_id}'. Attempted logging new value '{param.value}'."
    )
