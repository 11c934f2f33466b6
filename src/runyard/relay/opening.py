"""The journal that a relay writes, from what a command was told."""

from __future__ import annotations

from runyard.client.addresses import Address
from runyard.client.journal.recorder import Recorder, recorder_for
from runyard.client.journal.settings import DIRECT, OFFLINE, JournalSettings
from runyard.client.journal.target import Target
from runyard.client.renewal import source_of
from runyard.errors import InvalidInput


def opened(server: str, place: str | None, *, offline: bool) -> Recorder:
    """The recorder for a workspace, with the login or token that other commands would use.

    Args:
        place: NAME or SUBSCRIPTION/GROUP/NAME; None: the server's default workspace.
        offline: send nothing; RUNYARD_MODE=offline means the same.
    Raises: InvalidInput, if a setting cannot be read, or wants no journal.
    """
    mode = JournalSettings.of_environment().mode
    if mode == DIRECT:
        raise InvalidInput("RUNYARD_MODE is direct, and a relay has nothing but its journal. Unset it.")
    subscription, _, rest = (place or "").rpartition("/")[0].partition("/")
    address = Address(
        server, (place or "").rpartition("/")[2] or None, None, subscription or None, rest or None
    )
    return recorder_for(Target(server, place or "", source_of(address).current, offline or mode == OFFLINE))
