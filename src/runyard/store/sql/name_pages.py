"""Pages of records in the order of their names."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.store.sql.database import Row
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest


class NamePages:
    """Cuts pages and makes tokens for one kind of list.

    Args:
        what: tells lists apart, so that a token of one is refused by another.
    """

    def __init__(self, page_key: bytes, what: str) -> None:
        self._key = page_key
        self._what = what

    def after(self, page_token: str | None, *query: object) -> str:
        """The name that the page starts after; '' for the first. Raises: InvalidInput."""
        position = decode_token(self._key, query_digest(self._what, *query), page_token)
        return "" if position is None else str(position[0])

    def cut(
        self, rows: Sequence[Row], max_results: int, column: int, *query: object
    ) -> tuple[Sequence[Row], str | None]:
        """The rows of this page of a query that asked for one more, and the next token.

        Args:
            column: where the name is in a row.
        """
        shown = rows[:max_results]
        return shown, self.token(str(shown[-1][column]), *query) if len(rows) > max_results else None

    def token(self, name: str, *query: object) -> str:
        """The token of the page that starts after a name."""
        return encode_token(self._key, query_digest(self._what, *query), (name,))
