"""What storage faults mean to the threads that read and write."""

from __future__ import annotations

from runyard.errors import StorageUnavailable


class TryAgain(StorageUnavailable):
    """The database undid the work for a reason that has passed or that a new connection may not meet.

    A deadlock, a lost connection, a row that another server deleted meanwhile. It is tried again before anyone hears of it.
    """
