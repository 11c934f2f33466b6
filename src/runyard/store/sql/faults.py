"""What storage faults mean to the threads that read and write."""

from __future__ import annotations

from runyard.errors import AlreadyExists, StorageUnavailable


class TryAgain(StorageUnavailable):
    """The database undid the work for a reason that has passed, for example a deadlock.

    It is tried again before anyone hears of it.
    """


class Disconnected(TryAgain):
    """The connection is of no more use; a new one may be."""


class Taken(AlreadyExists):
    """A value that must be unique was taken, most likely by another server a moment ago.

    The work is tried again first: now it sees the other's record and knows what to do or to say.
    """
