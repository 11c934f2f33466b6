"""Search over experiments."""

from __future__ import annotations

from runyard.entities.common import Stage, ViewType
from runyard.entities.search.tree import Comparison
from runyard.store.sql.database import Connection
from runyard.store.sql.search.fragments import Sql
from runyard.store.sql.search.page import ExperimentSearch, Found
from runyard.store.sql.search.records import (
    Facts,
    Field,
    conditions,
    fact_condition,
    field_condition,
    field_keys,
    select_page,
)

FIELDS = {
    "name": Field("r.name", text=True),
    "experiment_id": Field("r.id", number_as_text=True),
    "creation_time": Field("r.created_ms"),
    "last_update_time": Field("r.updated_ms"),
}
TAGS = Facts("experiment_tags", "x.experiment_id = r.id")
STAGES = {
    ViewType.ACTIVE_ONLY: f"r.stage = {int(Stage.ACTIVE)}",
    ViewType.DELETED_ONLY: f"r.stage = {int(Stage.DELETED)}",
    ViewType.ALL: "r.stage IN (0, 1)",
}


def search_experiments(connection: Connection, search: ExperimentSearch) -> Found[int]:
    """Row ids of one page. Default order: newest first, then id; ties of a given order: greatest id first."""

    def condition(clause: Comparison) -> Sql:
        if clause.entity == "tag":
            return fact_condition(TAGS, clause.key, clause.op, clause.value, connection.dialect)
        return field_condition(FIELDS[clause.key], clause.op, clause.value, connection.dialect)

    ties = [("experiment_id", False)] if search.order else [("creation_time", False), ("experiment_id", True)]
    keys = field_keys(FIELDS, search.order, ties, connection.dialect)
    where = [Sql("r.workspace_id = ?", (search.workspace_id,)), Sql(STAGES[search.view])]
    if search.only is not None or search.without:
        chosen = sorted(search.only if search.only is not None else search.without)
        marks = ", ".join("?" * len(chosen)) or "NULL"
        where.append(Sql(f"r.id {'IN' if search.only is not None else 'NOT IN'} ({marks})", tuple(chosen)))
    where += conditions(search.filter, condition)
    head = Sql("SELECT r.id | FROM experiments r")
    rows, more = select_page(connection, head, where, keys, search.after, search.limit)
    return Found([row[0] for row in rows], more)
