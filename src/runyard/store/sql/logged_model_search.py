"""A page of logged models: parse, search, load in bulk."""

from __future__ import annotations

from runyard.entities.common import Page
from runyard.entities.logged_model import DatasetRef, LoggedModel, LoggedModelQuery
from runyard.entities.search.grammar import MAX_ORDER_KEYS, order_key, parse_filter
from runyard.entities.search.tables import LOGGED_MODELS
from runyard.entities.search.tree import Order
from runyard.errors import InvalidInput
from runyard.store.sql.database import Connection
from runyard.store.sql.logged_model_rows import of_ids
from runyard.store.sql.search.compile_logged_models import search_logged_models
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import among
from runyard.store.sql.search.page import LoggedModelSearch


def search(c: Connection, workspace_id: int, query: LoggedModelQuery, page_key: bytes) -> Page[LoggedModel]:
    """Raises: InvalidInput for the filter, the order or the token."""
    digest = _digest(workspace_id, query)
    found = search_logged_models(
        c,
        LoggedModelSearch(
            experiment_ids=_of_workspace(c, workspace_id, query.experiment_ids),
            limit=query.max_results,
            filter=parse_filter(query.filter_string, LOGGED_MODELS),
            order=_order(query),
            after=decode_token(page_key, digest, query.page_token),
            datasets=[(dataset.name, dataset.digest) for dataset in query.datasets],
            order_datasets=[_pair(key.dataset) for key in query.order],
        ),
    )
    token = encode_token(page_key, digest, found.after) if found.after is not None else None
    return Page(of_ids(c, found.ids), token)


def _digest(workspace_id: int, query: LoggedModelQuery) -> bytes:
    datasets = [(dataset.name, dataset.digest) for dataset in query.datasets]
    order = [(key.field_name, key.ascending, _pair(key.dataset)) for key in query.order]
    return query_digest(
        "logged models", workspace_id, sorted(query.experiment_ids), query.filter_string, datasets, order
    )


def _pair(dataset: DatasetRef | None) -> tuple[str, str | None] | None:
    return (dataset.name, dataset.digest) if dataset else None


def _of_workspace(c: Connection, workspace_id: int, ids: tuple[int, ...]) -> list[int]:
    where = among("id", ids, c.dialect)
    sql = f"SELECT id FROM experiments WHERE {where.text} AND workspace_id = ?"
    return [row[0] for row in c.all(sql, (*where.params, workspace_id))]


def _order(query: LoggedModelQuery) -> Order:
    if len(query.order) > MAX_ORDER_KEYS:
        raise InvalidInput(f"Invalid order_by: {len(query.order)} keys are more than {MAX_ORDER_KEYS}.")
    order = tuple(order_key(key.field_name, key.ascending, LOGGED_MODELS) for key in query.order)
    if len({key.name for key in order}) < len(order):
        raise InvalidInput(f"`order_by` contains duplicate fields: {[key.field_name for key in query.order]}")
    return order
