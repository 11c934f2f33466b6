"""What storage faults mean to the threads that read and write."""

from __future__ import annotations

from runyard.errors import StorageUnavailable


class TryAgain(StorageUnavailable):
    """The database undid the work for a reason that has passed, for example a deadlock.

    It is tried again before anyone hears of it.
    """


class Disconnected(TryAgain):
    """The connection is of no more use; a new one may be."""
