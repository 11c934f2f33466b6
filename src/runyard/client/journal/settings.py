"""What can be set about the journal, all of it by the environment: the process that logs is not ours to configure.

variable               default             meaning
RUNYARD_MODE           online              offline: nothing is sent until `runyard sync`; direct: no journal
RUNYARD_JOURNAL        ~/.runyard/journal  the folder of the journals
RUNYARD_JOURNAL_LIMIT  10GiB               of disk that all journals in it may take together
RUNYARD_JOURNAL_SYNC_S 1                   between two syncs to the disk; 0: each record is synced
RUNYARD_DRAIN_S        60                  that the end of a run, and of the process, waits for what is not sent
RUNYARD_LINGER_S       3600                that the sender goes on without a server once its process has ended
RUNYARD_FILES          copy                reference: artifacts are sent from where they lie, not copied first
RUNYARD_HEARTBEAT_S    15                  between two signs of life to the server
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from runyard.errors import InvalidInput

ONLINE, OFFLINE, DIRECT = "online", "offline", "direct"
COPY, REFERENCE = "copy", "reference"
MODE = "RUNYARD_MODE"
LIMIT = "RUNYARD_JOURNAL_LIMIT"
SYNC = "RUNYARD_JOURNAL_SYNC_S"
DRAIN = "RUNYARD_DRAIN_S"
LINGER = "RUNYARD_LINGER_S"
FILES = "RUNYARD_FILES"
HEARTBEAT = "RUNYARD_HEARTBEAT_S"
CA_FILES = (  # the first that is set names the authorities that the sender trusts
    "RUNYARD_CA_FILE",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
CLIENT_CERTIFICATE = "MLFLOW_TRACKING_CLIENT_CERT_PATH"
_SIZE = re.compile(r"(\d+)\s*(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True)
class JournalSettings:
    """The settings of this process."""

    mode: str = ONLINE
    limit_bytes: int = 10 * 1024**3
    sync_s: float = 1.0
    drain_s: float = 60.0
    linger_s: float = 3600.0
    files: str = COPY
    heartbeat_s: float = 15.0

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> JournalSettings:
        """As the variables say it.

        Raises: InvalidInput, naming the variable.
        """
        return cls(
            mode=_choice(environment, MODE, (ONLINE, OFFLINE, DIRECT)),
            limit_bytes=_size(environment, LIMIT, cls.limit_bytes),
            sync_s=_seconds(environment, SYNC, cls.sync_s),
            drain_s=_seconds(environment, DRAIN, cls.drain_s),
            linger_s=_seconds(environment, LINGER, cls.linger_s),
            files=_choice(environment, FILES, (COPY, REFERENCE)),
            heartbeat_s=max(1.0, _seconds(environment, HEARTBEAT, cls.heartbeat_s)),
        )


def _choice(environment: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    found = environment.get(name, "").strip().lower() or allowed[0]
    if found not in allowed:
        raise InvalidInput(f"{name} is {environment[name]!r}; it can be {', '.join(allowed)}.")
    return found


def _seconds(environment: Mapping[str, str], name: str, standard: float) -> float:
    text = environment.get(name, "").strip()
    try:
        found = float(text) if text else standard
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e9:
        raise InvalidInput(f"{name} is {text!r}; it must be a number of seconds, such as {standard:g}.")
    return found


def _size(environment: Mapping[str, str], name: str, standard: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return standard
    found = _SIZE.fullmatch(text)
    if found is None or not int(found[1]):
        raise InvalidInput(
            f"{name} is {text!r}; it must be a size, such as 10GiB, 500MB or a number of bytes."
        )
    base = 1024 if found[3] or not found[2] else 1000
    size: int = int(found[1]) * base ** _POWERS.get((found[2] or "").lower(), 0)
    return size
