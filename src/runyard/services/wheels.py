"""The wheels that the server gives to its clients: Runyard itself, and Azure ML's names for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from runyard.errors import NotFound, shown
from runyard.services.wheel_format import Wheel, normalised

Source = Callable[[], Sequence[Wheel]]


class WheelService:
    """Makes all wheels at the first request and keeps them, a few megabytes, as long as the process lives.

    Args:
        source: makes them; takes a fraction of a second.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._made: asyncio.Task[Mapping[str, Wheel]] | None = None

    async def projects(self) -> list[str]:
        """Normalised names of what can be installed."""
        return sorted(await self._wheels())

    async def of_project(self, name: str) -> Wheel:
        """The one wheel of a project, whose name may be spelt in any way.

        Raises: NotFound.
        """
        wheels = await self._wheels()
        found = wheels.get(normalised(name))
        if found is None:
            raise NotFound(
                f"This server has no wheel of {shown(name)}; it has {', '.join(sorted(wheels))}. "
                "Take other packages from another index, with --extra-index-url."
            )
        return found

    async def file(self, project: str, filename: str) -> Wheel:
        """A wheel by its file name.

        Raises: NotFound.
        """
        wheel = await self.of_project(project)
        if filename != wheel.filename:
            raise NotFound(f"This server has {wheel.filename} of {wheel.project}, not {shown(filename)}.")
        return wheel

    async def _wheels(self) -> Mapping[str, Wheel]:
        if self._made is None or (self._made.done() and (self._made.cancelled() or self._made.exception())):
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._made)

    def _make(self) -> Mapping[str, Wheel]:
        return {wheel.project: wheel for wheel in self._source()}
