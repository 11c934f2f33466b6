"""Changes between servers on one PostgreSQL: LISTEN on a connection of its own, NOTIFY through the writer.

A notification holds at most 8,000 bytes, so changes are told in a few short messages or in coarser words. They hold
numbers and ids only, and nothing that hangs on them is lost with one: who hears looks the records up.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import msgspec
import psycopg

from runyard.entities.change import ChangeKind, Changes, Place
from runyard.errors import RunyardError
from runyard.store.event_contracts import Hear
from runyard.store.sql.database import Database

log = logging.getLogger("runyard.store")

CHANNEL = "runyard_changes"
LISTEN = f"LISTEN {CHANNEL}"
NOTIFY = f"SELECT pg_notify('{CHANNEL}', ?)"
ASK_AGAIN_S = 15.0
WANTED_S = 45.0  # after the last time that another server asked
PIECE_BYTES = 5_600  # before they become text, which has a quarter more
PIECES = 8  # in one batch
CONNECT_TIMEOUT_S = 5
PAUSES_S = (0.5, 1.0, 2.0, 5.0)  # after each failed connection
_HEX = re.compile(r"[0-9a-f]{32}")

RunEntry = tuple[bytes, int]
"""A packed id, and kinds."""
PlaceEntry = tuple[int, int]


class Signal(msgspec.Struct, array_like=True):
    """One message."""

    sender: bytes
    asks: bool = False
    lost: bool = False
    runs: list[tuple[int, int, list[RunEntry]]] = []
    many: list[PlaceEntry] = []
    experiments: list[PlaceEntry] = []
    traces: list[PlaceEntry] = []


class PostgresSignals:
    """This server's part in telling the others.

    Args:
        url: of the database.
        clock: seconds that only grow.
    """

    def __init__(self, database: Database, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._url = url
        self._clock = clock
        self._me = os.urandom(8)
        self._wanted_until = 0.0
        self._unsent = False

    @property
    def are_wanted_elsewhere(self) -> bool:
        """Whether another server has somebody who listens."""
        return self._clock() < self._wanted_until

    async def ask(self) -> None:
        """Tell the others that somebody here listens. Raises: StorageUnavailable."""
        await self._notify([encode(Signal(self._me, asks=True))])

    async def send(self, changes: Changes) -> None:
        """Tell the others what has changed here; what cannot be told now is told as lost with the next message."""
        pieces = [encode(piece) for piece in signals(self._me, changes, lost=self._unsent)]
        try:
            await self._notify(pieces)
            self._unsent = False
        except RunyardError as exc:
            self._unsent = True
            log.warning("Other servers could not be told what has changed: %s", exc)

    async def _notify(self, pieces: list[str]) -> None:
        await self._database.write(lambda tx: tx.many(NOTIFY, [(piece,) for piece in pieces]), checked=True)

    @asynccontextmanager
    async def running(
        self, hear: Hear, wanted: Callable[[], None], ask_again: Callable[[], bool]
    ) -> AsyncIterator[None]:
        """Hear the others while the block lasts.

        Args:
            wanted: called when another server asks to hear.
            ask_again: called from time to time; whether to ask the others again.
        """
        tasks = [
            asyncio.create_task(self._listen(hear, wanted, ask_again)),
            asyncio.create_task(self._remind(ask_again)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _remind(self, ask_again: Callable[[], bool]) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            await self._ask_if(ask_again)

    async def _ask_if(self, ask_again: Callable[[], bool]) -> None:
        if ask_again():
            with contextlib.suppress(RunyardError):
                await self.ask()

    async def _listen(self, hear: Hear, wanted: Callable[[], None], ask_again: Callable[[], bool]) -> None:
        failures, missed = 0, False
        while True:
            try:
                async with _connected(self._url) as connection:
                    await connection.execute(LISTEN)
                    failures = 0
                    if missed:
                        hear(_all_lost())
                        await self._ask_if(ask_again)
                    async for notice in connection.notifies():
                        self._take(notice.payload, hear, wanted)
            except (psycopg.Error, OSError) as exc:
                if not failures:
                    log.warning("Changes of other servers are not heard just now: %s", str(exc).strip())
            except Exception:
                log.exception("A message of another server could not be told")
            missed = True
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    def _take(self, payload: str, hear: Hear, wanted: Callable[[], None]) -> None:
        """A message; what is none is passed over: anybody who may connect to the database can send some."""
        signal = decode(payload)
        if signal is None or signal.sender == self._me:
            return
        if signal.asks:
            self._wanted_until = self._clock() + WANTED_S
            wanted()
        changes = changes_of(signal)
        if changes:
            hear(changes)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    connection = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=2,
        application_name="runyard events",
    )
    try:
        yield connection
    finally:
        await connection.close()


def _all_lost() -> Changes:
    found = Changes()
    found.lost = True
    return found


def encode(signal: Signal) -> str:
    """A message as text."""
    return base64.b85encode(msgspec.msgpack.encode(signal)).decode()


def decode(payload: str) -> Signal | None:
    """A message from its text; None for what is none."""
    try:
        return msgspec.msgpack.decode(base64.b85decode(payload), type=Signal)
    except (ValueError, msgspec.MsgspecError):
        return None


def signals(sender: bytes, changes: Changes, *, lost: bool = False) -> list[Signal]:
    """Messages that tell of changes, each short enough."""
    found = list(_pieces(sender, changes, named=True))
    if len(found) > PIECES:
        found = list(_pieces(sender, changes, named=False))
    if len(found) > PIECES:
        return [Signal(sender, lost=True)]
    if not found:
        found = [Signal(sender)]
    found[0].lost = lost or changes.lost
    return found


def _pieces(sender: bytes, changes: Changes, *, named: bool) -> Iterator[Signal]:
    """
    Args:
        named: run by run; else by experiment only.
    """
    piece, room = Signal(sender), PIECE_BYTES
    many = set(changes.many)
    for place, runs in changes.runs.items():
        entries: list[RunEntry] = []
        for run_id, kind in runs.items() if named else ():
            entry = _packed(run_id)
            size = len(entry) + 4
            if size > PIECE_BYTES // 2:
                many.add(place)
                continue
            if room < size + 32:
                _put(piece, place, entries)
                yield piece
                piece, room, entries = Signal(sender), PIECE_BYTES, []
            entries.append((entry, int(kind)))
            room -= size
        if not named:
            many.add(place)
        _put(piece, place, entries)
        room -= 32
    wider = ((many, "many"), (changes.experiments, "experiments"), (changes.traces, "traces"))
    for places, wide in wider:
        for place in sorted(places):
            if room < 32:
                yield piece
                piece, room = Signal(sender), PIECE_BYTES
            getattr(piece, wide).append(tuple(place))
            room -= 20
    if piece.runs or piece.many or piece.experiments or piece.traces:
        yield piece


def _put(piece: Signal, place: Place, entries: list[RunEntry]) -> None:
    if entries:
        piece.runs.append((place.workspace_id, place.experiment_id, entries))


def changes_of(signal: Signal) -> Changes:
    """What a message tells."""
    found = Changes()
    found.lost = signal.lost
    for workspace_id, experiment_id, entries in signal.runs:
        place = Place(workspace_id, experiment_id)
        for entry, kind in entries:
            found.add_run(place, _unpacked(entry), ChangeKind(kind & 31))
    found.add_many(Place(*one) for one in signal.many)
    for one in signal.experiments:
        found.add_experiment(Place(*one))
    for one in signal.traces:
        found.add_traces(Place(*one))
    return found


def _packed(run_id: str) -> bytes:
    """Ids are 32 hex digits, as a rule."""
    return b"h" + bytes.fromhex(run_id) if _HEX.fullmatch(run_id) else b"t" + run_id.encode(errors="replace")


def _unpacked(entry: bytes) -> str:
    return entry[1:].hex() if entry[:1] == b"h" else entry[1:].decode(errors="replace")
