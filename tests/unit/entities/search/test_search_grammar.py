from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.entities.search import tables
from runyard.entities.search.grammar import order_key, parse_filter, parse_order_by
from runyard.entities.search.tables import Grammar
from runyard.entities.search.tree import Comparison, Name, OrderBy, Value
from runyard.errors import InvalidInput

GRAMMARS = [value for value in vars(tables).values() if isinstance(value, Grammar)]


def one(text: str, grammar: Grammar = tables.RUNS) -> Comparison:
    (clause,) = parse_filter(text, grammar)
    return clause


@pytest.mark.parametrize(
    ("text", "entity", "key", "op", "value"),
    [
        ("metrics.m > 0.5", "metric", "m", ">", 0.5),
        ("metric.m>=-1e-5", "metric", "m", ">=", -1e-5),
        ("metrics.`a b` != .5", "metric", "a b", "!=", 0.5),
        ('metrics."val/loss" < 5.', "metric", "val/loss", "<", 5.0),
        ("`metrics`.`a` = 1", "metric", "a", "=", 1.0),
        ("params.lr = '0.1'", "parameter", "lr", "=", "0.1"),
        ('parameter.lr = "it\'s"', "parameter", "lr", "=", "it's"),
        ("param.x like 'a%'", "parameter", "x", "LIKE", "a%"),
        ("parameters.x IlIkE 'a%'", "parameter", "x", "ILIKE", "a%"),
        ("params.x = 'it''s'", "parameter", "x", "=", "it''s"),
        ("params.x = 'C:\\'", "parameter", "x", "=", "C:\\"),
        ("params.x is not null", "parameter", "x", "IS NOT NULL", None),
        ("tags.mlflow.source.name = 'x'", "tag", "mlflow.source.name", "=", "x"),
        ("tag.`mlflow.parentRunId` = 'x'", "tag", "mlflow.parentRunId", "=", "x"),
        ("tags.x IS NULL", "tag", "x", "IS NULL", None),
        ("run_id IN ('a', 'b')", "attribute", "run_id", "IN", ("a", "b")),
        ("attributes.run_id not in ('a')", "attribute", "run_id", "NOT IN", ("a",)),
        ("attr.status = 'RUNNING'", "attribute", "status", "=", "RUNNING"),
        ("run.created > 5", "attribute", "start_time", ">", 5),
        ("`Run name` = 'x'", "attribute", "run_name", "=", "x"),
        ("datasets.name LIKE '%'", "dataset", "name", "LIKE", "%"),
        ("dataset.context IN ('train')", "dataset", "context", "IN", ("train",)),
    ],
)
def test_runs_accept(text: str, entity: str, key: str, op: str, value: Value) -> None:
    clause = one(text)
    assert (clause.entity, clause.key, clause.op, clause.value) == (entity, key, op, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "Invalid filter ' '. Could not be parsed."),
        ("metrics.a > 1 OR metrics.b > 1", "Invalid clause(s) in filter string: 'OR'"),
        ("NOT params.a = 'x'", "Invalid clause(s) in filter string: 'NOT'"),
        ("(params.a = 'x')", "Invalid clause(s) in filter string: '('"),
        ("params.a BETWEEN 'a' AND 'b'", "Invalid clause(s) in filter string"),
        ("params.a NOT LIKE 'x'", "Invalid clause(s) in filter string"),
        ("params.a = 'x';", "Invalid clause(s) in filter string: ';'"),
        ("params.a = 'x' params.b = 'y'", "Invalid clause(s) in filter string: 'params.b'"),
        ("metrics.a", "Invalid clause(s) in filter string: 'metrics.a'"),
        ("metrics.a >", "Invalid clause(s) in filter string"),
        ("metrics.a-b > 1", "Invalid clause(s) in filter string"),
        ("foo.x = 1", "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"),
        ("foo = 1", "Invalid attribute key 'foo' specified. Valid keys are"),
        ("datasets.profile = 'x'", "Invalid dataset key 'profile' specified. Valid keys are"),
        ("params.a > 'x'", "Invalid comparator '>' not one of"),
        ("params.a == 'x'", "Invalid comparator '==' not one of"),
        ("metrics.a IS NULL", "Invalid comparator 'IS NULL' not one of"),
        ("params.a RLIKE 'x'", "Invalid comparator 'RLIKE' not one of"),
        ("metrics.a = 'x'", "Expected numeric value type for metric. Found 'x'"),
        ("start_time > 'x'", "Expected numeric value type for numeric attribute: start_time. Found 'x'"),
        ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
        ("status = 1", "Expected a quoted string value for attributes. Got value 1"),
        ("params.a IN ('x')", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value"),
        ("params.a = b", "Parameter value is either not quoted or unidentified quote types used for string value b."),
        ("status IN ('a')", "Only the 'run_id' attribute supports comparison with a list of quoted string values."),
        ("run_id IN ()", "expected a non-empty list of string values, but got empty list"),
        ("run_id IN ('a' 'b')", "ill-formed list"),
        ("run_id IN (1)", "got different type in list"),
        ("1 < metrics.a", "Invalid comparison clause. Expected 'Identifier' found '1'"),
        ("params.a = 'x", "is never closed"),
        ("params.a = 'x\0'", "NUL"),
        ("params.a = '\ud800'", "surrogate"),
    ],
)  # fmt: skip
def test_runs_refuse_with_the_words_that_clients_know(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text, tables.RUNS)
    assert message in caught.value.message


def test_clauses_are_joined_by_and_in_any_case_and_a_dangling_one_is_tolerated() -> None:
    assert len(parse_filter("metrics.a > 1 and params.b='x' AND tags.c != 'y' AND", tables.RUNS)) == 3


def test_an_absent_filter_has_no_clauses() -> None:
    assert parse_filter(None, tables.RUNS) == parse_filter("", tables.RUNS) == ()


def test_a_quoted_key_before_a_statistic_names_the_statistic() -> None:
    assert one("metrics.`a.b`.min_step = 1").name == Name("metric", "a.b", stat="min_step")
    assert one("metrics.`a.min` = 1").name == Name("metric", "a.min", exact=True)
    assert one("metrics.a.min = 1").name == Name("metric", "a.min")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.`a b` DESC", OrderBy(Name("metric", "a b", exact=True), ascending=False)),
        ("start_time", OrderBy(Name("attribute", "start_time"))),
        ("attributes.created asc", OrderBy(Name("attribute", "start_time"))),
        ("tags.mlflow.runName DESC", OrderBy(Name("tag", "mlflow.runName"), ascending=False)),
        ("params.x", OrderBy(Name("parameter", "x"))),
    ],
)
def test_runs_can_be_ordered_by(text: str, expected: OrderBy) -> None:
    assert parse_order_by([text], tables.RUNS) == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start_time foo", "Invalid ordering key in order_by clause"),
        ("a b c", "Could not be parsed"),
        ("", "Could not be parsed"),
        ("datasets.name", "Invalid order_by entity: dataset"),
        ("foo", "Invalid attribute key 'foo' specified"),
        ("foo.x", "Invalid entity type 'foo'"),
    ],
)
def test_runs_cannot_be_ordered_by(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message.replace("(", "\\(")):
        parse_order_by([text], tables.RUNS)


def test_the_same_sort_key_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="duplicate fields"):
        parse_order_by(["metrics.a", "metric.`a` DESC"], tables.RUNS)


def test_other_nouns_have_their_own_words() -> None:
    assert one("experiment_id IN ('1','2')", tables.EXPERIMENTS).value == ("1", "2")
    assert one("last_updated_timestamp > 3", tables.LOGGED_MODELS).key == "last_updated_time"
    assert one("trace.timestamp < 3", tables.TRACES).key == "timestamp_ms"
    assert one("span.attributes.llm.model RLIKE 'gpt.*'", tables.TRACES).key == "attributes.llm.model"
    assert one("feedback.score >= 0.5", tables.TRACES).value == 0.5
    assert one("version_number >= 2", tables.MODEL_VERSIONS).value == 2
    assert order_key("metrics.val/loss", True, tables.LOGGED_MODELS).name.key == "val/loss"


def test_sizes_are_limited() -> None:
    with pytest.raises(InvalidInput, match="more than 100000"):
        parse_filter("params.a = '" + "x" * 100_000 + "'", tables.RUNS)
    with pytest.raises(InvalidInput, match="1001 terms are more than 1000"):
        parse_filter(" AND ".join(["metrics.a > 1"] * 1001), tables.RUNS)
    with pytest.raises(InvalidInput, match="pattern"):
        parse_filter("params.a LIKE '" + "%" * 20_000 + "'", tables.RUNS)


@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "`",
        "\\'",
        "''",
        "-",
        "1",
        "1.",
        ".",
        "a.",
        "(",
        "(a",
        "AND ",
        "a=",
        "a IN ('",
        "1e1",
        " ",
        "=",
    ],
)
def test_parsing_takes_linear_time(piece: str) -> None:
    text = piece * (90_000 // len(piece))
    start = time.process_time()
    with pytest.raises(InvalidInput):
        parse_filter("x" + text + "\0"[:0], tables.RUNS)
    assert time.process_time() - start < 2


WORDS = st.sampled_from(
    [
        "metrics",
        "params",
        "tags",
        "run_id",
        "status",
        "a",
        ".",
        "`",
        "'",
        '"',
        "\\",
        " ",
        "AND",
        "IN",
        "NOT",
        "IS NULL",
    ]
    + [
        "(",
        ")",
        ",",
        "=",
        "!=",
        ">",
        "LIKE",
        "1",
        "-",
        ".5",
        "e9",
        "metrics.a > 1",
        "params.a = 'x'",
        ";",
        "span.",
        "\0",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.text() | st.lists(WORDS, max_size=12).map("".join), st.sampled_from(GRAMMARS))
def test_any_text_is_parsed_or_refused(text: str, grammar: Grammar) -> None:
    for parse in (lambda: parse_filter(text, grammar), lambda: parse_order_by([text], grammar)):
        try:
            parse()
        except InvalidInput:
            pass
