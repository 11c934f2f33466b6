"""Searches over experiments, the registry and logged models, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from runyard.entities.common import ViewType
from runyard.entities.search import tables
from runyard.entities.search.grammar import order_key, parse_filter, parse_order_by
from runyard.entities.search.tables import Grammar
from runyard.store.sql.search.compile_experiments import search_experiments
from runyard.store.sql.search.compile_logged_models import search_logged_models
from runyard.store.sql.search.compile_registry import search_model_versions, search_registered_models
from runyard.store.sql.search.page import ExperimentSearch, Found, LoggedModelSearch, RegistrySearch

EXPERIMENTS = [
    {"id": 1, "name": "b", "created_ms": 10, "updated_ms": 40},
    {"id": 2, "name": "B", "created_ms": 20, "updated_ms": 30},
    {"id": 3, "name": "a", "created_ms": 20, "updated_ms": 20},
    {"id": 4, "name": "gone", "created_ms": 30, "updated_ms": 10, "stage": 1},
    {"id": 5, "name": "other", "created_ms": 90, "updated_ms": 90, "workspace_id": 2},
]


def insert(connection: Any, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))


def walked(search: Callable[[Any, Any], Found[Any]], connection: Any, query: Any) -> list[Any]:
    """All ids, a page of two at a time."""
    found = search(connection, replace(query, limit=2))
    ids = list(found.ids)
    while found.after is not None:
        assert len(found.ids) == 2
        found = search(connection, replace(query, limit=2, after=found.after))
        ids += found.ids
    assert ids == search(connection, query).ids
    return ids


# --- experiments


@pytest.fixture
def experiments(connection: Any) -> Any:
    connection.execute("DELETE FROM experiments")
    insert(
        connection,
        "experiments",
        [{"workspace_id": 1, "artifact_location": "x", **row} for row in EXPERIMENTS],
    )
    tags = [(1, "team", "red"), (2, "team", "blue"), (3, "other", "red")]
    insert(connection, "experiment_tags", [{"experiment_id": e, "key": k, "value": v} for e, k, v in tags])
    return connection


def found_experiments(
    connection: Any, clause: str = "", *order: str, view: ViewType = ViewType.ACTIVE_ONLY
) -> Any:
    grammar = tables.EXPERIMENTS
    query = ExperimentSearch(1, 100, parse_filter(clause, grammar), parse_order_by(order, grammar), view)
    return walked(search_experiments, connection, query)


@pytest.mark.parametrize(
    ("clause", "ids"),
    [
        ("", [2, 3, 1]),
        ("name = 'b'", [1]),
        ("name ILIKE 'B%'", [2, 1]),
        ("name LIKE 'B%'", [2]),
        ("experiment_id IN ('1', '3', 'x')", [3, 1]),
        ("experiment_id != '1'", [2, 3]),
        ("experiment_id = '01x'", []),
        ("creation_time >= 20", [2, 3]),
        ("tags.team = 'red'", [1]),
        ("tags.team != 'red'", [2]),
        ("tags.team IS NULL", [3]),
        ("tags.team IS NOT NULL AND name = 'b'", [1]),
    ],
)
def test_experiments_are_filtered(experiments: Any, clause: str, ids: list[int]) -> None:
    assert found_experiments(experiments, clause) == ids


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (["name"], [2, 3, 1]),
        (["name DESC"], [1, 3, 2]),
        (["creation_time"], [1, 3, 2]),
        (["creation_time", "experiment_id ASC"], [1, 2, 3]),
        (["last_update_time DESC"], [1, 2, 3]),
    ],
)
def test_experiments_are_ordered_by_code_points_and_greatest_id_last(
    experiments: Any, order: list[str], ids: list[int]
) -> None:
    assert found_experiments(experiments, "", *order) == ids


def test_experiments_are_found_by_view(experiments: Any) -> None:
    assert found_experiments(experiments, view=ViewType.DELETED_ONLY) == [4]
    assert found_experiments(experiments, view=ViewType.ALL) == [4, 2, 3, 1]


# --- registry

MODELS = [(1, "b", 10), (2, "A", 20), (3, "a_prompt", 30), (4, "c", 20)]
VERSIONS = [(1, 1, "r1", 5), (1, 2, "r2", 9), (2, 1, "r1", 9), (3, 1, "", 1), (4, 1, "r9", 9)]
PROMPT = "mlflow.prompt.is_prompt"


@pytest.fixture
def registry(connection: Any) -> Any:
    rows = [{"id": i, "workspace_id": 1, "name": n, "created_ms": 0, "updated_ms": u} for i, n, u in MODELS]
    insert(connection, "registered_models", rows)
    tags = [(3, PROMPT, "true"), (1, "stage", "x" * 70), (2, "stage", "x" * 71), (4, PROMPT, "false")]
    insert(connection, "registered_model_tags", [{"model_id": m, "key": k, "value": v} for m, k, v in tags])
    common = {
        "workspace_id": 1,
        "source": "s",
        "storage_location": "s",
        "run_link": "",
        "status": 3,
        "created_ms": 0,
    }
    insert(
        connection,
        "model_versions",
        [{"model_id": m, "version": v, "run_uuid": r, "updated_ms": u, **common} for m, v, r, u in VERSIONS],
    )
    tagged = [(3, 1, PROMPT, "true"), (1, 2, "best", "yes")]
    insert(
        connection,
        "model_version_tags",
        [{"model_id": m, "version": v, "key": k, "value": t} for m, v, k, t in tagged],
    )
    return connection


def asked(grammar: Grammar, clause: str, *order: str) -> RegistrySearch:
    return RegistrySearch(1, 100, parse_filter(clause, grammar), parse_order_by(order, grammar))


@pytest.mark.parametrize(
    ("clause", "order", "ids"),
    [
        ("", [], [2, 1, 4]),
        ("", ["name DESC"], [4, 1, 2]),
        ("", ["timestamp DESC"], [2, 4, 1]),
        ("", ["last_updated_timestamp"], [1, 2, 4]),
        (f"tags.`{PROMPT}` = 'true'", [], [3]),
        (f"tag.`{PROMPT}` != 'true'", [], [2, 1, 4]),
        (f"tags.`{PROMPT}` = 'false'", [], [2, 1, 4]),
        (f"tags.stage = '{'x' * 70}'", [], [1]),
        ("tags.stage LIKE 'xx%'", [], [2, 1]),
        ("name IN ('A', 'b', 'a_prompt')", [], [2, 1]),
        ("name NOT IN ('A')", [], [1, 4]),
        ("name ilike 'a%'", [], [2]),
    ],
)
def test_registered_models_are_found_without_prompts_unless_asked(
    registry: Any, clause: str, order: list[str], ids: list[int]
) -> None:
    query = asked(tables.REGISTERED_MODELS, clause, *order)
    assert walked(search_registered_models, registry, query) == ids


@pytest.mark.parametrize(
    ("clause", "order", "ids"),
    [
        ("", [], [(2, 1), (1, 2), (4, 1), (1, 1)]),
        ("", ["version_number DESC"], [(1, 2), (2, 1), (1, 1), (4, 1)]),
        ("", ["name"], [(2, 1), (1, 2), (1, 1), (4, 1)]),
        ("name = 'b'", [], [(1, 2), (1, 1)]),
        ("run_id = 'r1'", [], [(2, 1), (1, 1)]),
        ("run_id IN ('r1', 'r9')", [], [(2, 1), (4, 1), (1, 1)]),
        ("version_number >= 2", [], [(1, 2)]),
        ("tags.best = 'yes'", [], [(1, 2)]),
        (f"tags.`{PROMPT}` = 'true'", [], [(3, 1)]),
    ],
)
def test_model_versions_are_found(
    registry: Any, clause: str, order: list[str], ids: list[tuple[int, int]]
) -> None:
    query = asked(tables.MODEL_VERSIONS, clause, *order)
    assert walked(search_model_versions, registry, query) == ids


# --- logged models


@pytest.fixture
def logged(connection: Any) -> Any:
    insert(
        connection,
        "experiments",
        [
            {
                "id": 7,
                "workspace_id": 1,
                "name": "e",
                "artifact_location": "x",
                "created_ms": 0,
                "updated_ms": 0,
            }
        ],
    )
    common = {
        "workspace_id": 1,
        "experiment_id": 7,
        "model_type": "",
        "source_run_uuid": "r",
        "artifact_uri": "x",
    }
    models = [(1, "m-b", 2, 10, 0), (2, "m-a", 1, 20, 0), (3, "m-c", 3, 20, 0), (4, "m-d", 2, 30, 1)]
    insert(
        connection,
        "logged_models",
        [
            {
                "id": i,
                "uuid": u,
                "name": u,
                "status": s,
                "stage": d,
                "created_ms": c,
                "updated_ms": 0,
                **common,
            }
            for i, u, s, c, d in models
        ],
    )
    metrics: list[tuple[int, str, str, str, float | None, int]] = [
        (1, "acc", "r1", "", 0.5, 1),
        (1, "acc", "r2", "d", 0.9, 2),
        (2, "acc", "r1", "d", 0.7, 1),
    ]
    metrics += [(3, "acc", "r1", "", None, 1), (3, "loss", "r1", "", 0.1, 1)]
    insert(
        connection,
        "logged_model_metrics",
        [
            {
                "model_id": m,
                "key": k,
                "run_uuid": r,
                "dataset_name": d,
                "dataset_digest": d and "1",
                "value": v,
            }
            | {"step": 0, "ms": ms}
            for m, k, r, d, v, ms in metrics
        ],
    )
    insert(connection, "logged_model_params", [{"model_id": 1, "key": "lr", "value": "0.1"}])
    return connection


@pytest.mark.parametrize(
    ("clause", "datasets", "ids"),
    [
        ("", [], [2, 3, 1]),
        ("status = 'READY'", [], [1]),
        ("attributes.status IN ('PENDING', 'UPLOAD_FAILED')", [], [2, 3]),
        ("metrics.acc < 0.6", [], [1]),
        ("metrics.acc < 0.6", [("d", "1")], []),
        ("metrics.acc > 0.6", [("d", None)], [2, 1]),
        ("metrics.acc != 0.7", [], [3, 1]),
        ("", [("d", "1")], [2, 1]),
        ("params.lr = '0.1'", [], [1]),
        ("params.lr NOT IN ('0.2')", [], [1]),
        ("creation_timestamp > 10 AND model_id LIKE 'm-%'", [], [2, 3]),
    ],
)
def test_logged_models_are_filtered(logged: Any, clause: str, datasets: list[Any], ids: list[int]) -> None:
    query = LoggedModelSearch([7, 8], 100, parse_filter(clause, tables.LOGGED_MODELS), datasets=datasets)
    assert walked(search_logged_models, logged, query) == ids


@pytest.mark.parametrize(
    ("key", "ascending", "dataset", "ids"),
    [
        ("metrics.acc", True, None, [2, 1, 3]),
        ("metrics.acc", False, None, [1, 2, 3]),
        ("metrics.loss", False, None, [3, 2, 1]),
        ("metrics.acc", True, ("none", None), [2, 3, 1]),
        ("name", False, None, [3, 1, 2]),
        ("status", True, None, [2, 1, 3]),
    ],
)
def test_logged_models_are_ordered(
    logged: Any, key: str, ascending: bool, dataset: Any, ids: list[int]
) -> None:
    order = (order_key(key, ascending, tables.LOGGED_MODELS),)
    query = LoggedModelSearch([7], 100, order=order, order_datasets=[dataset])
    assert walked(search_logged_models, logged, query) == ids
