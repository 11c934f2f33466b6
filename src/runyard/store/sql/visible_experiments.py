"""Which experiments of a workspace somebody may look into."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Stage, ViewType
from runyard.store.contracts import Seen
from runyard.store.sql.database import Connection
from runyard.store.sql.search.fragments import among

ALL = "SELECT id FROM experiments WHERE workspace_id = ?"


def visible(
    c: Connection,
    workspace_id: int,
    ids: Sequence[int],
    seen: Seen | None,
    view: ViewType = ViewType.ALL,
    limit: int | None = None,
) -> list[int]:
    """Those of `ids` that are the workspace's and seen; without ids all such experiments, the newest first.

    Args:
        view: of runs; where only active ones are looked for and no ids are given, deleted experiments are left out: they
            hold none.
        limit: at most so many where no ids are given.
    """
    if not ids and seen is not None and not seen.all_but:
        ids = sorted(seen.ids)
        if not ids:
            return []
    sql, params = ALL, [workspace_id]
    if ids:
        where = among("id", list(dict.fromkeys(ids)), c.dialect)
        sql, params = f"{sql} AND {where.text}", [*params, *where.params]
    elif view is ViewType.ACTIVE_ONLY:
        sql += f" AND stage = {int(Stage.ACTIVE)}"
    sql += " ORDER BY id DESC"
    if limit is not None:
        sql, params = f"{sql} LIMIT ?", [*params, limit]
    return [row[0] for row in c.all(sql, params) if is_seen(seen, row[0])]


def is_seen(seen: Seen | None, experiment_id: int) -> bool:
    """Whether an experiment may be read."""
    return seen is None or (experiment_id in seen.ids) != seen.all_but
