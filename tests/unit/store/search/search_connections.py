"""A PostgreSQL connection as searches see one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg


class PlainConnection:
    """The part of a store connection that searches and `fill` use."""

    dialect = "postgresql"

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.raw.execute(_marked(sql), params).fetchall()

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        return self.raw.execute(_marked(sql), params).fetchone()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        self.raw.execute(_marked(sql), params)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self.raw.cursor() as cursor:
            cursor.executemany(_marked(sql), rows)


def _marked(sql: str) -> bytes:
    assert "%" not in sql
    return sql.replace("?", "%s").encode()
