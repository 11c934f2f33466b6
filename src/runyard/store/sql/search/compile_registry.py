"""Searches over registered models and model versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runyard.entities.search.tree import Comparison, Filter, Name
from runyard.store.sql.database import Connection
from runyard.store.sql.search.cursor import Position
from runyard.store.sql.search.fragments import Sql, join
from runyard.store.sql.search.page import Found, RegistrySearch
from runyard.store.sql.search.records import (
    Facts,
    Field,
    Row,
    conditions,
    fact_condition,
    field_condition,
    field_keys,
    led,
    select_page,
)

PROMPT_TAG = "mlflow.prompt.is_prompt"
NOT_A_PROMPT = Comparison(Name("tag", PROMPT_TAG), "!=", "true")

MODEL_FIELDS = {
    "name": Field("r.name", text=True),
    "last_updated_timestamp": Field("r.updated_ms"),
}
MODEL_TAGS = Facts("registered_model_tags", "x.model_id = r.id", "r.id=x.model_id")
VERSION_FIELDS = {
    "name": Field("m.name", text=True),
    "run_id": Field("r.run_uuid", text=True),
    "source_path": Field("r.source", text=True),
    "version_number": Field("r.version"),
    "creation_timestamp": Field("r.created_ms"),
    "last_updated_timestamp": Field("r.updated_ms"),
}
MODEL_LEADERS = [("tag", "")]
VERSION_LEADERS = [("attribute", "name"), ("attribute", "run_id")]
VERSION_TAGS = Facts("model_version_tags", "x.model_id = r.model_id AND x.version = r.version")


def search_registered_models(connection: Connection, search: RegistrySearch) -> Found[int]:
    """Row ids of one page. Default order and tie-break: name."""
    head = Sql("SELECT r.id | FROM registered_models r")
    rows, more = _search(connection, search, head, MODEL_FIELDS, MODEL_TAGS, MODEL_LEADERS, [("name", True)])
    return Found([row[0] for row in rows], more)


def search_model_versions(connection: Connection, search: RegistrySearch) -> Found[tuple[int, int]]:
    """(model row id, version) of one page.

    Default order: last updated first, then name, then greatest version.
    """
    ties = [("name", True), ("version_number", False)]
    if not search.order:
        ties.insert(0, ("last_updated_timestamp", False))
    head = Sql(
        "SELECT r.model_id, r.version | FROM model_versions r JOIN registered_models m ON m.id = r.model_id"
    )
    rows, more = _search(connection, search, head, VERSION_FIELDS, VERSION_TAGS, VERSION_LEADERS, ties)
    return Found([(row[0], row[1]) for row in rows], more)


def _search(
    connection: Connection,
    search: RegistrySearch,
    head: Sql,
    fields: Mapping[str, Field],
    tags: Facts,
    leaders: Collection[tuple[str, str]],
    ties: Sequence[tuple[str, bool]],
) -> tuple[list[Row], Position | None]:
    def condition(clause: Comparison) -> Sql:
        if clause.entity == "tag":
            return _tag_condition(connection, tags, clause)
        found = field_condition(fields[clause.key], clause.op, clause.value, connection.dialect)
        if clause.op == "=" and fields[clause.key].column == "m.name":
            return _of_model(search.workspace_id, found)
        return found

    keys = field_keys(fields, search.order, ties, connection.dialect)
    where = [Sql(f"r.workspace_id{led(search.filter, leaders)} = ?", (search.workspace_id,))]
    where += conditions(without_prompts(search.filter), condition)
    return select_page(connection, head, where, keys, search.after, search.limit)


def _of_model(workspace_id: int, found: Sql) -> Sql:
    """The versions of the model that is found by its name."""
    named = Sql("m.workspace_id = ?", (workspace_id,)) + found.wrap("AND ")
    return named.wrap("r.model_id = (SELECT m.id FROM registered_models m WHERE ", ")")


def without_prompts(clauses: Filter) -> Filter:
    """The filter, leaving prompts out unless it says something about them itself."""
    return clauses if any(_on_prompts(clause) for clause in clauses) else (*clauses, NOT_A_PROMPT)


def _on_prompts(clause: Comparison) -> bool:
    return clause.entity == "tag" and clause.key == PROMPT_TAG


def _tag_condition(connection: Connection, tags: Facts, clause: Comparison) -> Sql:
    found = fact_condition(tags, clause.key, clause.op, clause.value, connection.dialect)
    if _on_prompts(clause) and (clause.op, clause.value) in (("=", "false"), ("!=", "true")):
        absent = fact_condition(tags, clause.key, "IS NULL", None, connection.dialect)
        return join(" OR ", [found, absent]).wrap("(", ")")
    return found
