"""Search over logged models."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from runyard.entities.common import Stage
from runyard.entities.search.tree import Comparison, Filter
from runyard.store.sql.database import Connection
from runyard.store.sql.search.compile_runs import known_experiments
from runyard.store.sql.search.fragments import Sql, all_of, among, compare, join
from runyard.store.sql.search.keyset import MISSING, NAN, VALUE, Key
from runyard.store.sql.search.page import Dataset, Found, LoggedModelSearch
from runyard.store.sql.search.records import (
    Facts,
    Field,
    conditions,
    fact_condition,
    field_condition,
    field_key,
    field_keys,
    led,
    select_page,
)

STATUS_NAMES = {0: "UNSPECIFIED", 1: "PENDING", 2: "READY", 3: "UPLOAD_FAILED"}
FIELDS = {
    "name": Field("r.name", text=True),
    "model_id": Field("r.uuid", text=True),
    "model_type": Field("r.model_type", text=True),
    "status": Field("r.status", names=STATUS_NAMES),
    "source_run_id": Field("r.source_run_uuid", text=True),
    "creation_time": Field("r.created_ms"),
    "last_updated_time": Field("r.updated_ms"),
}
FACTS = {
    "parameter": Facts("logged_model_params", "x.model_id = r.id"),
    "tag": Facts("logged_model_tags", "x.model_id = r.id"),
}
LEADERS = [("attribute", "source_run_id"), ("attribute", "model_id")]
ANY_ROW = "x.model_id = r.id"


def search_logged_models(connection: Connection, search: LoggedModelSearch) -> Found[int]:
    """Row ids of one page. Default order: newest first; ties by model id.

    A metric clause holds if any run and dataset has a matching latest value; a metric sort key is the value
    logged last.
    """
    experiments = known_experiments(connection, search.experiment_ids)
    if not experiments:
        return Found([])
    here = among(f"r.experiment_id{led(search.filter, LEADERS)}", experiments, connection.dialect)
    where = [here, Sql(f"r.stage = {int(Stage.ACTIVE)}"), *_conditions(connection, search)]
    joins, keys = _keys(connection, search)
    head = join(" ", [Sql("SELECT r.id | FROM logged_models r"), *joins])
    rows, more = select_page(connection, head, where, keys, search.after, search.limit)
    return Found([row[0] for row in rows], more)


def _conditions(connection: Connection, search: LoggedModelSearch) -> list[Sql]:
    dialect = connection.dialect
    on_datasets = _on_datasets(search.datasets)

    def condition(clause: Comparison) -> Sql:
        if clause.entity == "metric":
            value = compare("x.value", clause.op, clause.value, dialect)
            if clause.op == "!=":
                value = value.wrap("(", " OR x.value IS NULL)")
            return _any_metric([Sql("x.key = ?", (clause.key,)), value, *on_datasets])
        if clause.entity == "attribute":
            return field_condition(FIELDS[clause.key], clause.op, clause.value, dialect)
        return fact_condition(FACTS[clause.entity], clause.key, clause.op, clause.value, dialect)

    found = conditions(search.filter, condition)
    if on_datasets and not _has_metrics(search.filter):
        found.append(_any_metric(on_datasets))
    return found


def _has_metrics(clauses: Filter) -> bool:
    return any(clause.entity == "metric" for clause in clauses)


def _any_metric(parts: Sequence[Sql]) -> Sql:
    return all_of([Sql(ANY_ROW), *parts]).wrap("(SELECT max(1) FROM logged_model_metrics x WHERE ", ") = 1")


def _on_datasets(datasets: Sequence[Dataset]) -> list[Sql]:
    """The metric x was logged for one of datasets; nothing for an empty list."""
    if not datasets:
        return []
    return [join(" OR ", [_on_dataset(dataset) for dataset in datasets]).wrap("(", ")")]


def _on_dataset(dataset: Dataset) -> Sql:
    name, digest = dataset
    if digest is None:
        return Sql("x.dataset_name = ?", (name,))
    return Sql("(x.dataset_name = ? AND x.dataset_digest = ?)", (name, digest))


def _keys(connection: Connection, search: LoggedModelSearch) -> tuple[list[Sql], list[Key]]:
    joins: list[Sql] = []
    keys: list[Key] = []
    pairs = zip_longest(search.order, search.order_datasets[: len(search.order)])
    for number, (clause, dataset) in enumerate(pairs):
        if clause.name.entity == "metric":
            joins.append(_latest(f"o{number}", clause.name.key, dataset))
            keys.append(_metric_key(f"o{number}", clause.ascending))
        else:
            keys.append(field_key(FIELDS[clause.name.key], clause.ascending, connection.dialect))
    named = {clause.name.key for clause in search.order if clause.name.entity != "metric"}
    ties = [
        (key, ascending)
        for key, ascending in (("creation_time", False), ("model_id", True))
        if key not in named
    ]
    return joins, keys + field_keys(FIELDS, (), ties, connection.dialect)


def _metric_key(alias: str, ascending: bool) -> Key:
    value = f"{alias}.value"
    rank = (
        f"CASE WHEN {alias}.model_id IS NULL THEN {MISSING} WHEN {value} IS NULL THEN {NAN} ELSE {VALUE} END"
    )
    return Key(value, ascending, rank)


def _latest(alias: str, key: str, dataset: Dataset | None) -> Sql:
    """Joins the metric's row that was logged last, of any run, for that dataset if one is given."""
    parts = [Sql(ANY_ROW), Sql("x.key = ?", (key,)), *([_on_dataset(dataset)] if dataset else [])]
    newest = all_of(parts).wrap(
        "(SELECT x.run_uuid, x.dataset_name, x.dataset_digest FROM logged_model_metrics x WHERE ",
        " ORDER BY x.ms DESC, x.step DESC, x.run_uuid, x.dataset_name, x.dataset_digest LIMIT 1)",
    )
    row = f"({alias}.run_uuid, {alias}.dataset_name, {alias}.dataset_digest) = "
    owner = Sql(f"{alias}.model_id = r.id AND {alias}.key = ?", (key,))
    return (owner + newest.wrap(f"AND {row}")).wrap(f"LEFT JOIN logged_model_metrics {alias} ON ")
