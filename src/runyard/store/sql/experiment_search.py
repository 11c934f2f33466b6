"""Pages of experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from runyard.entities.common import Page, Stage, Tag, ViewType
from runyard.entities.experiment import Experiment
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import EXPERIMENTS
from runyard.store.contracts import Seen
from runyard.store.sql.database import Connection
from runyard.store.sql.search.compile_experiments import search_experiments
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.page import ExperimentSearch

IN_ONE_QUERY = 500


class ExperimentQuery(NamedTuple):
    """What the client asked for."""

    workspace_id: int
    view: ViewType
    filter_string: str
    order_by: tuple[str, ...]
    max_results: int
    page_token: str | None
    seen: Seen | None = None


def search(c: Connection, query: ExperimentQuery, page_key: bytes) -> Page[Experiment]:
    """One page. Cost: the index range of the filter, then the page's rows and tags."""
    digest = query_digest(query.workspace_id, int(query.view), query.filter_string, list(query.order_by))
    found = search_experiments(
        c,
        ExperimentSearch(
            query.workspace_id,
            query.max_results,
            parse_filter(query.filter_string, EXPERIMENTS),
            parse_order_by(list(query.order_by), EXPERIMENTS),
            query.view,
            decode_token(page_key, digest, query.page_token),
            query.seen.ids if query.seen is not None and not query.seen.all_but else None,
            query.seen.ids if query.seen is not None and query.seen.all_but else frozenset(),
        ),
    )
    token = encode_token(page_key, digest, found.after) if found.after is not None else None
    return Page(_load(c, found.ids), token)


def _load(c: Connection, ids: Sequence[int]) -> list[Experiment]:
    rows: dict[int, tuple[object, ...]] = {}
    tags: dict[int, list[Tag]] = {}
    for start in range(0, len(ids), IN_ONE_QUERY):
        some = list(ids[start : start + IN_ONE_QUERY])
        marks = ", ".join("?" * len(some))
        for row in c.all(
            "SELECT id, workspace_id, name, artifact_location, stage, created_ms, updated_ms "
            f"FROM experiments WHERE id IN ({marks})",
            some,
        ):
            rows[row[0]] = row
        for experiment_id, key, value in c.all(
            "SELECT experiment_id, key, value FROM experiment_tags "
            f"WHERE experiment_id IN ({marks}) ORDER BY experiment_id, key",
            some,
        ):
            tags.setdefault(experiment_id, []).append(Tag(key, value))
    return [_of_row(rows[number], tags.get(number, [])) for number in ids if number in rows]


def _of_row(row: tuple[object, ...], tags: list[Tag]) -> Experiment:
    number, workspace_id, name, location, stage, created, updated = row
    return Experiment(
        number,  # type: ignore[arg-type]
        workspace_id,  # type: ignore[arg-type]
        str(name),
        str(location),
        Stage(stage),  # type: ignore[arg-type]
        created,  # type: ignore[arg-type]
        updated,  # type: ignore[arg-type]
        tags,
    )
