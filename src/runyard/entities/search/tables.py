"""Which words each search endpoint understands: one table per noun, read by the parser.

A `Grammar` has families (what may stand before the dot). A family either takes any key (`rule` set) or a
fixed list of attributes (`rules`, canonical key to rule, with `aliases` from other spellings to canonical
keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runyard.entities.search.tree import Entity, Operator

Kind = Literal["number", "text", "either"]

NUMERIC: tuple[Operator, ...] = (">", ">=", "!=", "=", "<", "<=")
EQUAL: tuple[Operator, ...] = ("=", "!=")
LIKES: tuple[Operator, ...] = ("=", "!=", "LIKE", "ILIKE")
LISTS: tuple[Operator, ...] = (*LIKES, "IN", "NOT IN")
NULLS: tuple[Operator, ...] = (*LIKES, "IS NULL", "IS NOT NULL")
PATTERNS: tuple[Operator, ...] = (*LIKES, "RLIKE")

STATISTICS = ("min", "max", "first", "last", "count", "mean", "min_step", "max_step")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one name may be compared with."""

    kind: Kind
    ops: tuple[Operator, ...]

    @property
    def lists(self) -> bool:
        """True where a list of strings is an allowed value."""
        return "IN" in self.ops


TEXT = Rule("text", LIKES)
TEXT_LIST = Rule("text", LISTS)
TEXT_NULL = Rule("text", NULLS)
NUMBER = Rule("number", NUMERIC)


@dataclass(frozen=True, slots=True)
class Family:
    """One entity: the words that may stand before the dot, and what may follow it."""

    entity: Entity
    prefixes: tuple[str, ...]
    rule: Rule | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grammar:
    """The language of one search endpoint."""

    noun: str
    families: tuple[Family, ...]
    order_keys: Mapping[str, str]  # attribute as written -> canonical
    order_entities: tuple[Entity, ...] = ()  # entities with free keys that can be ordered by
    statistics: bool = False  # metrics.K.min and friends

    def family(self, prefix: str) -> Family | None:
        """The family that a word before the dot names."""
        return next((f for f in self.families if prefix in f.prefixes), None)

    @property
    def attributes(self) -> Family:
        """The family that a name without prefix belongs to."""
        return next(f for f in self.families if f.entity == "attribute")


def _same(*keys: str, **aliases: str) -> dict[str, str]:
    return {key: key for key in keys} | aliases


_RUN_ALIASES = {
    "created": "start_time",
    "Created": "start_time",
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
}

RUNS = Grammar(
    noun="runs",
    families=(
        Family("metric", ("metric", "metrics"), rule=NUMBER),
        Family("parameter", ("parameter", "parameters", "param", "params"), rule=TEXT_NULL),
        Family("tag", ("tag", "tags"), rule=TEXT_NULL),
        Family(
            "attribute",
            ("attribute", "attr", "attributes", "run"),
            rules={
                "run_id": TEXT_LIST,
                "run_name": TEXT,
                "status": TEXT,
                "user_id": TEXT,
                "artifact_uri": TEXT,
                "start_time": NUMBER,
                "end_time": NUMBER,
            },
            aliases=_RUN_ALIASES,
        ),
        Family(
            "dataset",
            ("dataset", "datasets"),
            rules={"name": TEXT_LIST, "digest": TEXT_LIST, "context": TEXT_LIST},
        ),
    ),
    order_keys={
        **_same("run_id", "run_name", "status", "user_id", "artifact_uri", "start_time", "end_time"),
        **_RUN_ALIASES,
    },
    order_entities=("metric", "parameter", "tag"),
    statistics=True,
)

EXPERIMENTS = Grammar(
    noun="experiments",
    families=(
        Family(
            "attribute",
            ("attribute", "attributes", "attr"),
            rules={
                "name": TEXT,
                "experiment_id": Rule("text", ("=", "!=", "IN", "NOT IN")),
                "creation_time": NUMBER,
                "last_update_time": NUMBER,
            },
        ),
        Family("tag", ("tag", "tags"), rule=TEXT_NULL),
    ),
    order_keys=_same("name", "experiment_id", "creation_time", "last_update_time"),
)

REGISTERED_MODELS = Grammar(
    noun="registered models",
    families=(
        Family("attribute", ("attribute", "attributes"), rules={"name": TEXT_LIST}),
        Family("tag", ("tag", "tags"), rule=TEXT),
    ),
    order_keys=_same("name", "last_updated_timestamp", timestamp="last_updated_timestamp"),
)

MODEL_VERSIONS = Grammar(
    noun="model versions",
    families=(
        Family(
            "attribute",
            ("attribute", "attributes"),
            rules={
                "name": Rule("text", (*LIKES, "IN")),
                "run_id": Rule("text", (*LIKES, "IN")),
                "source_path": TEXT,
                "version_number": NUMBER,
            },
        ),
        Family("tag", ("tag", "tags"), rule=TEXT),
    ),
    order_keys=_same("name", "version_number", "creation_timestamp", "last_updated_timestamp"),
)

_MODEL_TIMES = {
    "creation_timestamp": "creation_time",
    "last_updated_timestamp": "last_updated_time",
}

LOGGED_MODELS = Grammar(
    noun="logged models",
    families=(
        Family("metric", ("metric", "metrics"), rule=NUMBER),
        Family("parameter", ("parameter", "parameters", "param", "params"), rule=TEXT_LIST),
        Family("tag", ("tag", "tags"), rule=TEXT_LIST),
        Family(
            "attribute",
            ("attribute", "attr", "attributes"),
            rules={
                "name": TEXT_LIST,
                "model_id": TEXT_LIST,
                "model_type": TEXT_LIST,
                "status": TEXT_LIST,
                "source_run_id": TEXT_LIST,
                "creation_time": NUMBER,
                "last_updated_time": NUMBER,
            },
            aliases=_MODEL_TIMES,
        ),
    ),
    order_keys={
        **_same("name", "model_id", "model_type", "status", "source_run_id"),
        **_same("creation_time", "last_updated_time"),
        **_MODEL_TIMES,
    },
    order_entities=("metric",),
)

_TRACE_TEXT = Rule("text", (*LISTS, "RLIKE"))
_TRACE_FREE = Rule("text", (*NULLS, "RLIKE"))
_TRACE_SCORE = Rule("either", (*NULLS, "RLIKE", ">", ">=", "<", "<="))
_TRACE_TIMES = {
    "timestamp": "timestamp_ms",
    "execution_time": "execution_time_ms",
    "end_time": "end_time_ms",
}

TRACES = Grammar(
    noun="traces",
    families=(
        Family("tag", ("tag", "tags"), rule=_TRACE_FREE),
        Family("metadata", ("metadata", "request_metadata"), rule=_TRACE_FREE),
        Family(
            "attribute",
            ("attribute", "attributes", "trace"),
            rules={
                "name": _TRACE_TEXT,
                "status": _TRACE_TEXT,
                "request_id": _TRACE_TEXT,
                "run_id": _TRACE_TEXT,
                "client_request_id": _TRACE_TEXT,
                "prompt": Rule("text", ("=",)),
                "text": Rule("text", ("LIKE", "ILIKE")),
                "timestamp_ms": NUMBER,
                "execution_time_ms": NUMBER,
                "end_time_ms": NUMBER,
            },
            aliases=_TRACE_TIMES,
        ),
        Family("span", ("span", "spans"), rule=_TRACE_TEXT),
        Family("feedback", ("feedback",), rule=_TRACE_SCORE),
        Family("expectation", ("expectation",), rule=_TRACE_SCORE),
        Family("issue", ("issue",), rules={"id": Rule("text", ("=",))}),
    ),
    order_keys={
        **_same("timestamp_ms", "execution_time_ms", "end_time_ms"),
        **_same("status", "name", "run_id", "request_id", "experiment_id"),
        **_TRACE_TIMES,
    },
    order_entities=("tag", "metadata"),
)

SPAN_RULES: Mapping[str, Rule] = {
    "name": _TRACE_TEXT,
    "type": _TRACE_TEXT,
    "status": _TRACE_TEXT,
    "content": Rule("text", ("LIKE", "ILIKE")),
}
