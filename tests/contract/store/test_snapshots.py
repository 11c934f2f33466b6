"""Snapshots, on both databases."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from functools import partial

import pytest

from runyard.entities.snapshot import Snapshot, SnapshotFile, manifest_of, snapshot_id
from runyard.errors import InvalidInput, NotFound
from runyard.store.sql.database import Transaction
from runyard.store.sql.snapshots import SqlSnapshots
from tests.contract.store.stores import AWKWARD, Stores

HOUR_MS = 3_600_000
JOB = """INSERT INTO jobs (run_id, uuid, workspace_id, experiment_id, target, kind, state, priority, nodes, snapshot_id,
    environment_hash, submitted_by, submitted_by_uuid, created_ms, token_uuid, request_hash)
    SELECT id, uuid, workspace_id, experiment_id, 't', 'script', 0, 0, 1, ?, '', 'me', 'u', 1, '', '' FROM runs WHERE uuid = ?"""


def _execute(sql: str, tx: Transaction) -> None:
    tx.execute(sql)


@pytest.fixture(autouse=True)
def nothing_else(stores: Stores) -> None:
    """What is removed is looked for everywhere."""
    for table in ("snapshot_files", "snapshots", "snapshot_blobs"):
        sql = f"DELETE FROM {table}"
        stores.do(stores.database.write(partial(_execute, sql)))


def snapshots(stores: Stores) -> SqlSnapshots:
    return SqlSnapshots(stores.database)


def file(path: str, content: str = "", size: int = 1) -> SnapshotFile:
    return SnapshotFile(path, hashlib.sha256((content or path).encode()).hexdigest(), size)


def keep(stores: Stores, *files: SnapshotFile, grace_ms: int = HOUR_MS) -> Sequence[str]:
    return stores.do(snapshots(stores).keep(stores.workspace, manifest_of(files), grace_ms))


def put(stores: Stores, *files: SnapshotFile, grace_ms: int = HOUR_MS) -> list[str]:
    """Their places."""
    store, places = snapshots(stores), [uuid.uuid4().hex for _ in files]
    for one, place in zip(files, places, strict=True):
        row = stores.do(store.begin_blob(stores.workspace, one.sha256, 0, place, grace_ms))
        stores.do(store.end_blob(row, one.size, grace_ms))
    return places


def named(stores: Stores, snapshot: str) -> str:
    """A run whose job names a snapshot."""
    run = stores.new_run()
    stores.do(stores.database.write(lambda tx: tx.execute(JOB, (snapshot, run))))
    return run


def find(stores: Stores, snapshot: str) -> Snapshot | None:
    return stores.do(snapshots(stores).find(stores.workspace, snapshot))


def cleaned(stores: Stores) -> set[str]:
    """Places of what goes when all was kept long enough."""
    store = snapshots(stores)
    while stores.do(store.drop_unused(0, 0, 1_000)):
        pass
    found = stores.do(store.doomed(1_000))
    stores.do(store.forget([one.row for one in found]))
    return {one.place for one in found}


def test_a_snapshot_is_kept_once_all_contents_are_here(stores: Stores) -> None:
    files = [file("b.py"), file("a/c.py"), file("a/d.py", "b.py")]
    assert keep(stores, *files) == sorted({one.sha256 for one in files})
    put(stores, files[0])
    assert keep(stores, *files) == [files[1].sha256]
    put(stores, files[1])
    name = snapshot_id(manifest_of(files))
    assert find(stores, name) is None
    assert [keep(stores, *files), keep(stores, *files)] == [[], []]
    found = find(stores, name)
    assert found is not None and found.id == name
    assert list(found.files) == [files[1], files[2], files[0]]


def test_without_files_there_is_a_snapshot_too(stores: Stores) -> None:
    assert keep(stores) == []
    found = find(stores, snapshot_id(manifest_of([])))
    assert found is not None and list(found.files) == []


@pytest.mark.parametrize("name", AWKWARD)
def test_paths_are_kept_as_they_are(stores: Stores, name: str) -> None:
    one = file(name)
    put(stores, one)
    keep(stores, one)
    found = find(stores, snapshot_id(manifest_of([one])))
    assert found is not None and found.files[0].path == name


def test_a_content_has_one_size(stores: Stores) -> None:
    put(stores, file("a"))
    with pytest.raises(InvalidInput):
        keep(stores, file("a", size=2))


def test_many_files(stores: Stores) -> None:
    files = [file(f"{number}.py") for number in range(1_100)]
    assert len(keep(stores, *files)) == 1_100
    places = put(stores, *files)
    assert keep(stores, *files) == []
    found = stores.do(snapshots(stores).places(stores.workspace, files))
    assert [found[one.sha256] for one in files] == places


def test_of_two_that_are_written_at_once_one_stays(stores: Stores, others: Stores) -> None:
    one, rows = file("a"), []
    for some in (stores, others):
        begin = snapshots(some).begin_blob(stores.workspace, one.sha256, 1, uuid.uuid4().hex, HOUR_MS)
        rows.append((snapshots(some), stores.do(begin)))
    assert stores.at_once(*(store.end_blob(row, 1, HOUR_MS) for store, row in rows)) == [None, None]
    assert keep(stores, one) == []
    named(stores, snapshot_id(manifest_of([one])))
    assert len(cleaned(stores)) == 1
    assert keep(stores, one) == []


def test_an_abandoned_content_goes_and_is_found_by_nobody(stores: Stores) -> None:
    one, store = file("a"), snapshots(stores)
    row = stores.do(store.begin_blob(stores.workspace, one.sha256, 1, "gone", HOUR_MS))
    assert not stores.do(store.has_blob(stores.workspace, one.sha256))
    stores.do(store.abandon_blob(row))
    stores.do(store.end_blob(row, 1, HOUR_MS))
    assert not stores.do(store.has_blob(stores.workspace, one.sha256))
    assert cleaned(stores) == {"gone"}


def test_a_run_tells_its_snapshot(stores: Stores) -> None:
    one = file("a")
    put(stores, one)
    keep(stores, one)
    name = snapshot_id(manifest_of([one]))
    run = named(stores, name)
    found = stores.do(snapshots(stores).of_run(stores.workspace, run))
    assert found is not None and found.id == name
    for without in (stores.new_run(), named(stores, "")):
        assert stores.do(snapshots(stores).of_run(stores.workspace, without)) is None
    with pytest.raises(NotFound):
        stores.do(snapshots(stores).of_run(stores.workspace, "0" * 32))


def test_what_no_job_names_goes_with_its_contents(stores: Stores) -> None:
    shared, own, other = file("shared"), file("own"), file("other")
    places = put(stores, shared, own, other)
    for some in ([shared, own], [shared, other]):
        keep(stores, *some)
    used, unused = (snapshot_id(manifest_of(some)) for some in ([shared, own], [shared, other]))
    run = named(stores, used)
    assert cleaned(stores) == {places[2]}
    assert find(stores, unused) is None and find(stores, used) is not None
    assert cleaned(stores) == set()
    stores.do(stores.database.write(lambda tx: tx.execute("DELETE FROM jobs WHERE uuid = ?", (run,))))
    assert cleaned(stores) == {places[0], places[1]}
    assert keep(stores, shared, own) == sorted([shared.sha256, own.sha256])


def test_what_was_asked_for_lately_stays(stores: Stores) -> None:
    one, store = file("a"), snapshots(stores)
    put(stores, one)
    keep(stores, one)
    name = snapshot_id(manifest_of([one]))
    stores.do(store.drop_unused(HOUR_MS, 0, 1_000))
    assert find(stores, name) is not None
    assert stores.do(store.touch(stores.workspace, name))
    assert not stores.do(store.touch(stores.workspace, "f" * 64))
    stores.do(store.drop_unused(0, HOUR_MS, 1_000))
    assert find(stores, name) is not None  # it was looked at just now


def test_what_was_sent_and_never_named_goes_after_a_while(stores: Stores) -> None:
    young, old = file("young"), file("old")
    put(stores, young)
    places = put(stores, old, grace_ms=-1)
    assert cleaned(stores) == set(places)
    assert keep(stores, young, old) == [old.sha256]


def test_asking_again_gives_time_for_the_others(stores: Stores) -> None:
    here, missing = file("here"), file("missing")
    put(stores, here, grace_ms=-1)
    assert keep(stores, here, missing) == [missing.sha256]
    assert cleaned(stores) == set()


def test_another_workspace_has_none_of_it(stores: Stores) -> None:
    one = file("a")
    put(stores, one)
    keep(stores, one)
    name = snapshot_id(manifest_of([one]))
    stores.enter_new_workspace()
    assert find(stores, name) is None
    assert not stores.do(snapshots(stores).touch(stores.workspace, name))
    assert keep(stores, one) == [one.sha256]


def test_a_run_id_that_no_database_holds_is_none(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.do(snapshots(stores).of_run(stores.workspace, "a\0b"))
