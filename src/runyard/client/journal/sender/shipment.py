"""One journal on its way to its server: in order, each record once, files before what waits for them."""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections.abc import Callable

from runyard.client.journal.folder import HEAD, STALE_S, JournalFolder, Position
from runyard.client.journal.reader import (
    Chunk,
    JournalReader,
    first_place,
    first_seq,
    position_of,
    start_of,
)
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.alive import Alive
from runyard.client.journal.sender.answers import error_of, gap_of, result_of
from runyard.client.journal.sender.backoff import Backoff
from runyard.client.journal.sender.files import Files
from runyard.client.journal.sender.http import Answer
from runyard.client.journal.sender.portion import Portion
from runyard.client.journal.sender.refusals import Refusals
from runyard.entities.journal import FileRecord, RecordKind
from runyard.errors import CorruptData, InternalFault, RunyardError, StorageUnavailable
from runyard.wire.journal import CONTENT_TYPE, Refusal, SendResult, encode_body, frame_bytes

SAVE_S = 1.0
DAMAGE_S = 10.0  # that a writer, or a network file system, has to make a record whole
HALVE_AFTER = 3  # failures inside the server over the same records
SET_ASIDE_AFTER, SET_ASIDE_S = 8, 300.0  # over the same single record
SUSPECT = (400, 413, 415, 422)  # something in the request is not as it must be
NOTHING = encode_body(FileRecord("", "", "", 0))  # takes the place of a record that cannot be sent


class Step(enum.Enum):
    """What a step came to."""

    MOVED = "moved"  # there may be more to do at once
    IDLE = "idle"  # nothing is left to do until there is more in the journal
    WAITING = "waiting"  # for the server, for uploads, for a pause to end
    DONE = "done"  # all is sent and the journal removed
    GONE = "gone"  # another sender has removed it


class Shipment:
    """Sends one journal, step by step; used by one thread.

    Two at once, in whatever processes, are harmless: the server takes each record once, and repeated uploads in an order
    in which the newest version of a file stays.

    Args:
        tell: what a person should know.
        wake: set when a step may find more to do.
        heartbeat_s: between two signs of life of its runs; 0: it is not known whether they are alive.
        over: whether no record follows.
        taken: called with records that the server has.
    """

    def __init__(
        self,
        folder: JournalFolder,
        access: Access,
        tell: Callable[[str], None],
        wake: threading.Event,
        *,
        heartbeat_s: float = 15.0,
        over: Callable[[], bool] | None = None,
        taken: Callable[[Chunk], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.backoff = Backoff(clock)
        self.refusals = Refusals(folder, tell)
        self.files = Files(folder, access, self.refusals, wake)
        self.alive = Alive(folder, access, heartbeat_s, clock)
        self._access = access
        self._tell = tell
        self._clock = clock
        self._over = over or (lambda: folder.ended)
        self._taken = taken
        self._reader = JournalReader(folder, Position())
        self._applied: int | None = None  # by the server, as far as known; None before the first answer
        self._refused: dict[int, Refusal] = {}  # what it said, and is not kept here yet
        self._gap: tuple[int, int] | None = None  # records that cannot be read, and are to be passed over
        self._portion = Portion()
        self._rewound: int | None = None
        self._odd: tuple[int, float] | None = None  # since when something is wrong at a record
        self._lost = False
        self._saved = Position()
        self._saved_s = clock()
        self.error: RunyardError | None = None
        """Why nothing can be sent just now."""
        self.full = False  # whether there is more behind the last request
        self.took_s = 0.0  # the last request

    @property
    def sent(self) -> int:
        """The server has everything up to this seq, files included."""
        if self._applied is None:
            return 0
        first = self.files.first_waiting
        return self._reader.position.seq if first is None else first.seq

    @property
    def trouble(self) -> str | None:
        """Why nothing can be sent just now."""
        return self.error.message if self.error is not None else self.files.trouble

    @property
    def lost(self) -> bool:
        """Whether the server asks for records that are no more."""
        return self._lost

    def step(self) -> Step:
        """One request at most."""
        if self.files.settle():
            self._save()
        if self.backoff.left_s > 0:
            return Step.WAITING
        try:
            return self._stepped()
        except RunyardError as exc:
            return self._failed(exc)
        except OSError as exc:
            if not self._is_there():
                return self._left(Step.GONE)
            return self._failed(
                StorageUnavailable(
                    f"The journal {self.folder.path} cannot be read or written ({exc.strerror or exc})."
                )
            )

    def stop(self) -> None:
        """Leave it; another one goes on from here."""
        if self._is_there():
            self._save(force=True)
        self.files.stop()

    def _stepped(self) -> Step:
        if self._applied is None:
            return self._begin()
        over = self._over()  # before reading: what was written before that is then seen
        if self._gap is not None:
            return self._pass_over(*self._gap)
        try:
            chunk = self._reader.next(self._portion.bytes)
        except CorruptData as exc:
            return self._damaged(exc, over=over)
        step = Step.IDLE if chunk is None else self._send(chunk)
        if not over:  # a sign after the end, from a second sender, would bring a dead run back to life
            self.alive.beat_if_due()
        self._save()
        if step is not Step.IDLE:
            return step
        if not self._is_there():
            return self._left(Step.GONE)
        if self.files.first_waiting is not None:
            return Step.WAITING
        return self._finish() if over and self._is_whole() else Step.IDLE

    def _begin(self) -> Step:
        if not self._is_there():
            return self._left(Step.GONE)
        state = self._state()
        self._refused = {one.seq: one for one in state.refused}
        self._reader.position = self._saved = first_place(self.folder)
        self._worked(state.applied)
        if state.applied < self._reader.position.seq:
            return self._rewind(state.applied)
        return Step.MOVED

    def _send(self, chunk: Chunk) -> Step:
        """Send records, as far as nothing in front of them holds them."""
        assert self._applied is not None
        later = self.folder.segment(chunk.end.segment + 1)
        self.full = len(chunk.data) > self._portion.bytes // 2 or later.exists()
        chunk = self._portion.cut(chunk)
        if chunk.end.seq > self._applied:
            chunk = self.files.released(chunk)
        self._reader.position = chunk.start
        if not chunk.records:
            return Step.WAITING
        if chunk.end.seq > self._applied:
            answer = self._post(chunk.data)
            if answer.status != 200:
                return self._judged(answer, chunk)
            result = result_of(answer, self._access.server)
            self._refused.update((one.seq, one) for one in result.refused)
            if result.applied < chunk.end.seq:
                return self._rewind(result.applied)
            self._worked(result.applied)
            self._portion.worked(self.took_s, more=self.full)
        self._take(chunk)
        return Step.MOVED

    def _take(self, chunk: Chunk) -> None:
        """The server has these records. Until the end of it they count as not sent: all of it may be done again."""
        mine = {seq: one for seq, one in self._refused.items() if chunk.start.seq < seq <= chunk.end.seq}
        if mine:
            for frame in chunk.frames:
                if (one := mine.get(frame.seq)) is not None:
                    self.refusals.add(one.code, one.message, frame)
        for frame in chunk.marked:
            if frame.seq in mine:
                continue
            if frame.kind == RecordKind.FILE:
                place = Position(chunk.start.segment, chunk.start.offset + start_of(frame), frame.seq - 1)
                self.files.add(frame, place)
            else:
                self.alive.heed(frame)
        self._reader.position = chunk.end
        self._refused = {seq: one for seq, one in self._refused.items() if seq > chunk.end.seq}
        if self._taken is not None:
            self._taken(chunk)

    def _state(self) -> SendResult:
        """How far the server has it."""
        return result_of(self._access.get(f"/api/v1/journals/{self.folder.id}"), self._access.server)

    def _post(self, data: bytes) -> Answer:
        started = self._clock()
        try:
            return self._access.ask(
                "POST", f"/api/v1/journals/{self.folder.id}/records", data, kind=CONTENT_TYPE
            )
        finally:
            self.took_s = self._clock() - started

    def _judged(self, answer: Answer, chunk: Chunk) -> Step:
        """Records that were not taken."""
        gap = gap_of(answer)
        if gap is not None:
            return self._rewind(gap)
        error = error_of(answer, self._access.server)
        if answer.status in SUSPECT:
            if chunk.records == 1:
                return self._leave_out(chunk, error)
            self._portion.halve(chunk, too_large=answer.status == 413)
            return Step.MOVED
        step = self._failed(error)
        if answer.status == 500:  # perhaps over one record, which must not hold up the others for ever
            if chunk.records > 1 and self.backoff.failures >= HALVE_AFTER:
                self._portion.halve(chunk)
            elif self.backoff.failures >= SET_ASIDE_AFTER and self.backoff.failing_s >= SET_ASIDE_S:
                return self._leave_out(chunk, error)
        return step

    def _leave_out(self, chunk: Chunk, error: RunyardError) -> Step:
        """Let an empty record take the place of one that the server does not take."""
        seq = chunk.end.seq
        answer = self._post(frame_bytes(seq, RecordKind.FILE, NOTHING))
        if answer.status != 200:  # then it is not this record
            return self._failed(error)
        self._refused[seq] = Refusal(seq, error.code, error.message)
        self._worked(result_of(answer, self._access.server).applied)
        self._take(chunk)
        return Step.MOVED

    def _damaged(self, error: CorruptData, *, over: bool) -> Step:
        """A record cannot be read: wait a little for it, then go on behind it."""
        if not over and self._for_s(self._reader.position.seq) < DAMAGE_S:
            return Step.IDLE
        found = self._reader.skip_damage()
        if found is not None:
            self.refusals.add_lost(found.first, found.last, found.data)
            self._gap = (found.first, found.last)
            return Step.MOVED
        if not over:
            self.error = error
            return Step.IDLE
        if self.files.first_waiting is not None:
            return Step.WAITING
        closed = self.folder.closed
        if closed is not None:
            self.refusals.add_lost(self._reader.position.seq + 1, closed.seq, b"")
        else:
            self._tell(f"{error.message} What may follow it is lost.")
        return self._finish()

    def _pass_over(self, first: int, last: int) -> Step:
        assert self._applied is not None
        frames = [
            frame_bytes(seq, RecordKind.FILE, NOTHING)
            for seq in range(max(first, self._applied + 1), last + 1)
        ]
        if frames:
            self._worked(result_of(self._post(b"".join(frames)), self._access.server).applied)
        self._gap = None
        return Step.MOVED

    def _rewind(self, applied: int) -> Step:
        """The server has less than was thought: begin again behind what it has."""
        place = position_of(self.folder, applied)
        if place is None:
            self._lost = True
            return self._failed(
                InternalFault(
                    f"{self._access.server} has journal {self.folder.id} up to record {applied} only, and those that follow "
                    "were removed here after it had acknowledged them: was its database restored from a backup? The rest "
                    f"stays in {self.folder.path}; `runyard sync --skip-lost` sends it without them."
                )
            )
        self._lost = False
        self._reader.position = place
        self._applied = applied
        again, self._rewound = self._rewound == applied, applied
        if again:
            return self._failed(
                InternalFault(
                    f"{self._access.server} asks again and again for what follows record {applied} of journal {self.folder.id}."
                )
            )
        return Step.MOVED

    def skip_lost(self) -> None:
        """Go on without records that the server asks for and that are no more."""
        first = next(iter(self.folder.segments()), None)
        begins = first_seq(self.folder, first) if first is not None else None
        if self._lost and first is not None and begins is not None and self._applied is not None:
            self._gap = (self._applied + 1, begins - 1)
            self._reader.position = Position(first, 0, begins - 1)
            self._lost = False
            self.backoff.worked()

    def _is_there(self) -> bool:
        """Whether no other sender has sent and removed it."""
        return (self.folder.path / HEAD).exists()

    def _is_whole(self) -> bool:
        """Whether all that was written was read; a network file system may show the last of it late."""
        closed = self.folder.closed
        missing = closed is not None and self._reader.position.seq < closed.seq
        if not missing or closed is None:
            return True
        if self._for_s(closed.seq) < STALE_S:
            return False
        self.refusals.add_lost(self._reader.position.seq + 1, closed.seq, b"")
        return True

    def _finish(self) -> Step:
        """Ask once more before anything is removed."""
        applied = self._state().applied
        if applied < self._reader.position.seq:
            return self._rewind(applied)
        self.alive.end()
        self.folder.remove()
        return self._left(Step.DONE)

    def _left(self, step: Step) -> Step:
        self.files.stop()
        return step

    def _for_s(self, seq: int) -> float:
        """For how long something has been wrong at a record."""
        if self._odd is None or self._odd[0] != seq:
            self._odd = (seq, self._clock())
        return self._clock() - self._odd[1]

    def _failed(self, error: RunyardError) -> Step:
        self.backoff.failed(error.retry_after_s)
        self.error = error
        return Step.WAITING

    def _worked(self, applied: int) -> None:
        self._applied = applied
        self._rewound = None
        self.error = None
        self.backoff.worked()

    def _save(self, *, force: bool = False) -> None:
        """Write down how far it is, now and then; what lies before that is not needed any more."""
        place = self.files.first_waiting or self._reader.position
        due = self._clock() - self._saved_s >= SAVE_S or place.segment != self._saved.segment
        if self._applied is None or not (force or due):
            return
        self._saved_s = self._clock()
        if place != self._saved:
            with contextlib.suppress(OSError):  # a full disk: the segments that go make room, and say enough
                self.folder.sent = place
            if place.segment != self._saved.segment:
                self.folder.drop_segments_before(place.segment)
            self.files.forget(place.seq)
            self._saved = place
