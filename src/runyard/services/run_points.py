"""All points of a run, series after series."""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

import msgspec

from runyard.entities.common import Page
from runyard.entities.run import Run
from runyard.errors import InvalidInput
from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.store.run_contracts import History, MetricStore

POINTS_LIMIT = 50_000  # in one page
SERIES_LIMIT = 200


class _Runs(Protocol):
    async def load(self, workspace_id: int, run_id: str) -> Run: ...


class SeriesPart(msgspec.Struct):
    """Some points of a series that follow one another in history order."""

    name: str
    points: History


class RunPointService:
    """Reads every series of a run, so that whoever wants them all need not ask for each."""

    def __init__(self, runs: _Runs, metrics: MetricStore) -> None:
        self._runs = runs
        self._metrics = metrics

    async def page(
        self, ctx: Context, run_id: str, max_results: int, page_token: str | None
    ) -> Page[SeriesPart]:
        """Series by name, at most 200 of them and max_results points.

        Cost: the run's row and latest points, and the chunks of what the page holds.
        """
        left = check_max_results(max_results, POINTS_LIMIT)
        first, inside = _position(page_token)
        run = await self._runs.load(ctx.workspace_id, run_id)
        names = sorted(point.key for point in run.metrics if point.key >= first)
        parts: list[SeriesPart] = []
        for name in names:
            if not left or len(parts) == SERIES_LIMIT:
                return Page(parts, _token(name, None))
            token = inside if name == first else None
            points = await self._metrics.history(ctx.workspace_id, run_id, name, left, token)
            parts.append(SeriesPart(name, points))
            left -= len(points.steps)
            if points.next_page_token is not None:
                return Page(parts, _token(name, points.next_page_token))
        return Page(parts)


def _token(name: str, inside: str | None) -> str:
    """Where the next page begins: a series, and the token of its history where it is cut."""
    return base64.urlsafe_b64encode(msgspec.json.encode((name, inside))).decode()


def _position(token: str | None) -> tuple[str, str | None]:
    if not token:
        return "", None
    try:
        return msgspec.json.decode(
            base64.b64decode(token, altchars=b"-_", validate=True), type=tuple[str, str | None]
        )
    except (binascii.Error, ValueError) as exc:
        raise InvalidInput("Invalid page token: unreadable. Start again without a token.") from exc
