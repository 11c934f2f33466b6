"""Generated runs and searches: few keys and values, so that ties, NaN, absent keys and hits are frequent."""

from __future__ import annotations

import math
import random

from hypothesis import strategies as st
from search_evaluator import FakeRun, Series

from runyard.entities.common import ViewType
from runyard.entities.search.tables import LIKES, LISTS, NUMERIC
from runyard.entities.search.tree import Comparison, Name, Operator, OrderBy
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import Tuning

LONG = "x" * 63
METRICS = ("m", "n", "m.min", "a b")
TEXT_KEYS = ("p", "q", "mlflow.runName")
TEXTS = (
    "",
    "a",
    "b",
    "ab",
    "A_b",
    "1",
    "10",
    "a%b",
    "c\\d",
    "é",
    "中",
    LONG,
    LONG + "y",
    LONG + "yz",
    LONG + "Y",
)
PATTERNS = (*TEXTS, "%", "a%", "%b", "_", "a_", "%B%", LONG + "%", "1%0", "É%", "c\\%")
NUMBERS = (-1.0, 0.0, 0.5, 1.0, 2.0, 1e300)
TIMES = (0, 1, 2, 1_700_000_000_000)

VALUES = (*NUMBERS, math.nan)


def fake_runs(seed: int, count: int) -> list[FakeRun]:
    """Runs with much in common; the same ones for the same arguments."""
    chance = random.Random(seed)
    return [_fake_run(chance, number) for number in range(1, count + 1)]


def _fake_run(chance: random.Random, number: int) -> FakeRun:
    def dataset() -> tuple[str, str, str | None]:
        return chance.choice("dD"), chance.choice("xy"), chance.choice((None, "train", "eval"))

    return FakeRun(
        id=number,
        uuid=f"{(number * 7919) % 1000:03d}",
        experiment_id=chance.choice((1, 1, 1, 2, 3)),
        name=chance.choice(TEXTS),
        user_id=chance.choice("uv"),
        status=chance.randint(1, 5),
        stage=chance.choice((0, 0, 0, 1)),
        start_ms=chance.choice((*TIMES, *range(20), None)),
        end_ms=chance.choice((None, *TIMES)),
        metrics={key: _series(chance) for key in METRICS if chance.random() < 0.7},
        params={key: chance.choice(TEXTS) for key in TEXT_KEYS if chance.random() < 0.7},
        tags={key: chance.choice(TEXTS) for key in TEXT_KEYS if chance.random() < 0.7},
        datasets=[dataset() for _ in range(chance.choice((0, 1, 2)))],
    )


def _series(chance: random.Random) -> Series:
    return Series(
        last=chance.choice((*VALUES, *range(10))),
        min=chance.choice(VALUES),
        max=chance.choice(VALUES),
        first=chance.choice(VALUES),
        count=chance.randint(1, 3),
        sum=chance.choice(NUMBERS),
        numbers=chance.randint(0, 2),
        min_step=chance.choice((None, 0, 1, 2)),
        max_step=chance.choice((None, 0, 1, 2)),
    )


metric_names = st.one_of(
    st.builds(
        Name,
        st.just("metric"),
        st.sampled_from((*METRICS, "n.min", "m.max", "n.last", "absent", "absent.min")),
    ),
    st.builds(Name, st.just("metric"), st.sampled_from(METRICS), exact=st.just(True)),
    st.builds(
        Name,
        st.just("metric"),
        st.sampled_from(METRICS),
        stat=st.sampled_from(("min", "max", "first", "last", "count", "mean", "min_step", "max_step")),
    ),
)
text_names = st.builds(Name, st.sampled_from(("parameter", "tag")), st.sampled_from((*TEXT_KEYS, "absent")))
TIME_KEYS = ("start_time", "end_time")
WORDS = ("run_name", "user_id", "artifact_uri")


@st.composite
def comparison(draw: st.DrawFn) -> Comparison:
    kind = draw(st.sampled_from(("metric", "text", "time", "word", "run_id", "status", "dataset")))
    if kind == "metric":
        return Comparison(draw(metric_names), draw(st.sampled_from(NUMERIC)), draw(st.sampled_from(NUMBERS)))
    if kind == "time":
        name = Name("attribute", draw(st.sampled_from(TIME_KEYS)))
        return Comparison(name, draw(st.sampled_from(NUMERIC)), draw(st.sampled_from((*TIMES, 0.5, 10**18))))
    if kind == "text":
        if draw(st.booleans()):
            return Comparison(draw(text_names), draw(st.sampled_from(("IS NULL", "IS NOT NULL"))))
        return Comparison(draw(text_names), draw(st.sampled_from(LIKES)), draw(st.sampled_from(PATTERNS)))
    name, ops, choices = _worded(draw, kind)
    op = draw(st.sampled_from(ops))
    if op in ("IN", "NOT IN"):
        return Comparison(name, op, tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3))))
    return Comparison(name, op, draw(st.sampled_from(choices)))


def _worded(draw: st.DrawFn, kind: str) -> tuple[Name, tuple[Operator, ...], tuple[str, ...]]:
    if kind == "dataset":
        key = draw(st.sampled_from(("name", "digest", "context")))
        return Name("dataset", key), LISTS, ("d", "D", "x", "train", "%a%", "nothing")
    if kind == "run_id":
        return Name("attribute", "run_id"), LISTS, ("919", "838", "9%", "none")
    if kind == "status":
        return Name("attribute", "status"), LIKES, ("RUNNING", "F%", "%e%")
    return Name("attribute", draw(st.sampled_from(WORDS))), LIKES, PATTERNS


attribute_names = st.builds(
    Name, st.just("attribute"), st.sampled_from((*TIME_KEYS, *WORDS, "run_id", "status"))
)
walked_names = st.sampled_from(
    (
        Name("metric", "m"),
        Name("metric", "n"),
        Name("parameter", "p"),
        Name("tag", "q"),
        Name("attribute", "start_time"),
    )
)
orders = st.lists(
    st.builds(OrderBy, walked_names | metric_names | text_names | attribute_names, st.booleans()),
    max_size=3,
    unique_by=lambda clause: (clause.name.entity, clause.name.key, clause.name.stat),
).map(tuple)


@st.composite
def run_search(draw: st.DrawFn) -> RunSearch:
    return RunSearch(
        experiment_ids=draw(st.sampled_from(((1,), (1, 2, 3), (1, 2, 3, 7, 2**70, -1), (9,), ()))),
        limit=draw(st.sampled_from((1, 3, 10, 100))),
        filter=tuple(draw(st.lists(comparison(), max_size=3))),
        order=draw(orders),
        view=draw(st.sampled_from(ViewType)),
    )


tunings = st.sampled_from((Tuning(), Tuning(2, 1, 4, 0, 9, 1), Tuning(0, 2, 2, 0, 2, 0)))
