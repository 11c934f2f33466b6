"""Pages of records in the order of their row ids, newest or oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.store.sql.database import Row
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest


class IdPages:
    """Cuts pages and makes tokens for one kind of list.

    Args:
        what: tells lists apart, so that a token of one is refused by another.
    """

    def __init__(self, page_key: bytes, what: str) -> None:
        self._key = page_key
        self._what = what

    def after(self, page_token: str | None, *query: object) -> int | None:
        """The id that the page starts after; None for the first page. Raises: InvalidInput."""
        position = decode_token(self._key, query_digest(self._what, *query), page_token)
        return None if position is None else int(position[0] or 0)

    def cut(
        self, rows: Sequence[Row], max_results: int, column: int, *query: object
    ) -> tuple[Sequence[Row], str | None]:
        """The rows of this page of a query that asked for one more, and the next token.

        Args:
            column: where the id is in a row.
        """
        shown = rows[:max_results]
        if len(rows) <= max_results:
            return shown, None
        digest = query_digest(self._what, *query)
        return shown, encode_token(self._key, digest, (int(shown[-1][column]),))
