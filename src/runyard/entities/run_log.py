"""Text that a job's processes write, as it can be read while they run."""

from __future__ import annotations

import enum

import msgspec

MIB = 1024 * 1024
FOLDERS = ("azureml-logs", "logs", "system_logs", "user_logs")
"""Below which logs lie among a run's artifacts."""
APPEND_BYTES = MIB
HEAD_BYTES = TAIL_BYTES = 32 * MIB
"""What is kept of a long log: its beginning and its end."""


class LogState(enum.IntEnum):
    """Where a log's text is, and whether more may come."""

    OPEN = 0
    CLOSED = 1  # the job has ended; to be copied into an artifact
    COPIED = 2  # the artifact is there; what the database has of it goes
    SEALED = 3
    STAYS = 4  # closed, and the run's artifacts are where the server cannot write


class RunLog(msgspec.Struct, frozen=True):
    """One log of a run.

    Offsets count all bytes that ever came. Those from `gap_start` to `gap_stop` were left out because there were too many.

    Attributes:
        row: 0 for one that is only an artifact.
        name: path of the artifact that it becomes.
        updated_ms: when text came last; 0: unknown.
    """

    row: int
    name: str
    size: int
    state: LogState
    updated_ms: int
    gap_start: int = 0
    gap_stop: int = 0

    @property
    def is_open(self) -> bool:
        """More may come."""
        return self.state is LogState.OPEN

    @property
    def is_artifact(self) -> bool:
        """Its text is to be read from the artifact."""
        return self.state in (LogState.COPIED, LogState.SEALED)

    @property
    def gap_note(self) -> bytes:
        """What stands in the artifact in place of the bytes that were left out."""
        missing = self.gap_stop - self.gap_start
        return b"\n[%d bytes were left out here]\n" % missing if missing else b""


class LogText(msgspec.Struct, frozen=True):
    """A piece of a log.

    Attributes:
        offset: of its first byte.
        next: the offset to go on from; it is not offset + length where bytes were left out.
    """

    log: RunLog
    offset: int
    body: bytes
    next: int


class LogPlace(msgspec.Struct, frozen=True):
    """Where a run's artifacts are. `guid` is the workspace's, empty for the default one."""

    workspace_id: int
    guid: str
    run_id: str
    artifact_uri: str
