"""Whose turn it is to upload a file of a journal, on both databases."""

from __future__ import annotations

import uuid

import pytest

from runyard.store.journal_contracts import Stretch
from runyard.store.sql.clock import now_ms
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.sqlite import SqliteDatabase
from runyard.store.sql.uploads import SqlUploads
from runyard.store.upload_contracts import Turn, UploadPlace
from tests.contract.store.stores import ROOT, Stores
from tests.contract.store.test_journals import ALL


class Senders:
    """Uploads of one journal to one path."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._store = SqlUploads(stores.database)
        self.journals = SqlJournals(stores.database, ROOT)
        self.place = UploadPlace(stores.workspace, uuid.uuid4().hex, "1/a/b.bin")
        stretch = Stretch(0, 3, [], ())
        stores.do(self.journals.take(stores.workspace, self.place.journal, stretch, ALL))

    def begin(self, seq: int, upload: str = "", *, dead_before_ms: int = 0) -> Turn:
        return self._stores.do(self._store.begin(self.place, seq, upload or f"u{seq}", dead_before_ms))

    def restart(self) -> None:
        """Another server takes over."""
        self._store = SqlUploads(self._stores.database)

    def keep(self, upload: str) -> bool:
        return self._stores.do(self._store.keep(self.place, upload))

    def end(self, upload: str) -> None:
        self._stores.do(self._store.end(self.place, upload))


@pytest.fixture
def senders(stores: Stores) -> Senders:
    return Senders(stores)


def test_one_upload_at_a_time_and_none_behind_a_newer_one(senders: Senders) -> None:
    assert senders.begin(5) is Turn.NOW
    assert senders.begin(5, "again") is Turn.LATER
    assert senders.begin(9) is Turn.LATER
    assert senders.begin(7) is Turn.NEVER
    senders.end("u9")
    assert senders.begin(9) is Turn.LATER, "it never began, so its end changes nothing"
    senders.end("u5")
    assert senders.begin(5) is Turn.NEVER
    assert senders.begin(9) is Turn.NOW
    senders.end("u9")
    assert senders.begin(9) is Turn.NOW


def test_an_upload_of_another_server_counts_as_dead_without_signs(senders: Senders, stores: Stores) -> None:
    assert senders.begin(1) is Turn.NOW
    assert senders.keep("u1") and not senders.keep("u2")
    assert senders.begin(1, "again", dead_before_ms=now_ms() + 10_000) is Turn.LATER, (
        "it is known to be alive"
    )
    senders.restart()
    if not isinstance(stores.database, SqliteDatabase):
        assert senders.begin(2, dead_before_ms=now_ms() - 10_000) is Turn.LATER
    assert senders.begin(2, dead_before_ms=now_ms() + 10_000) is Turn.NOW
    assert not senders.keep("u1")
    senders.end("u1")
    assert senders.begin(3) is Turn.LATER


def test_what_is_known_of_a_journal_goes_with_it(senders: Senders, stores: Stores) -> None:
    assert senders.begin(1) is Turn.NOW
    stores.do(senders.journals.seen(stores.workspace, senders.place.journal, ended=True))
    assert stores.do(senders.journals.forget(now_ms() + 60_000, 0, 1_000)) >= 1
    assert senders.begin(2) is Turn.UNKNOWN


def test_on_sqlite_a_server_that_starts_waits_for_no_upload_of_the_one_before(
    senders: Senders, stores: Stores
) -> None:
    assert senders.begin(1) is Turn.NOW
    senders.restart()
    alone = isinstance(stores.database, SqliteDatabase)
    assert senders.begin(1, "again") is (Turn.NOW if alone else Turn.LATER)
    assert senders.begin(1, "once more") is Turn.LATER
