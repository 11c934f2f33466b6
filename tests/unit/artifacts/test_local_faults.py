"""What a directory does when the disk fails, fills up, or holds planted links."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.artifacts.local import tree, writing
from runyard.artifacts.local.store import LocalDatastore
from runyard.artifacts.local.syncing import DirectorySync
from runyard.errors import InvalidInput, NotFound, RunyardError, StorageFull, StorageUnavailable

BIG = 3_000_000


async def one(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


def put(root: Path, path: str, data: bytes) -> int:
    async def go() -> int:
        store = LocalDatastore(str(root))
        try:
            return await store.put(path, one(data), len(data))
        finally:
            await store.aclose()

    return asyncio.run(go())


def call(root: Path, method: str, *arguments: Any) -> Any:
    async def go() -> Any:
        store = LocalDatastore(str(root))
        try:
            return await getattr(store, method)(*arguments)
        finally:
            await store.aclose()

    return asyncio.run(go())


def hidden(root: Path) -> list[str]:
    return os.listdir(root / writing.HIDDEN)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the n-th call of a function of `os` fail."""

    def arm(name: str, error: int, nth: int = 1) -> None:
        real, calls = getattr(os, name), iter(range(1, 10_000))

        def wrapper(*arguments: Any, **options: Any) -> Any:
            if next(calls) == nth:
                raise OSError(error, os.strerror(error))
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, wrapper)

    return arm


@pytest.mark.parametrize("size", [10, BIG])
@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("writev", errno.ENOSPC, StorageFull),
        ("writev", errno.EIO, StorageUnavailable),
        ("fsync", errno.EIO, StorageUnavailable),
        ("fsync", errno.ENOSPC, StorageFull),
        ("rename", errno.EIO, StorageUnavailable),
        ("mkdir", errno.EROFS, StorageUnavailable),
    ],
)
def test_a_failing_disk_leaves_no_half_file(
    tmp_path: Path,
    failing: Callable[..., None],
    size: int,
    name: str,
    error: int,
    expected: type[RunyardError],
) -> None:
    put(tmp_path, "warm", b"x")
    failing(name, error)
    with pytest.raises(expected) as raised:
        put(tmp_path, "d/f", b"y" * size)
    assert str(tmp_path) not in raised.value.message
    assert hidden(tmp_path) == []
    assert not (tmp_path / "d" / "f").exists()


def test_a_failing_disk_keeps_the_old_version(tmp_path: Path, failing: Callable[..., None]) -> None:
    put(tmp_path, "f", b"old")
    failing("fsync", errno.EIO)
    with pytest.raises(StorageUnavailable):
        put(tmp_path, "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_file_is_synced_before_it_is_visible_and_its_directories_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "warm", b"x")
    events: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(fd: int) -> None:
        events.append(
            f"fsync {os.readlink(f'/proc/self/fd/{fd}').removeprefix(str(tmp_path)).split('/')[-1]}"
        )
        real_fsync(fd)

    def rename(source: str, target: str, **options: Any) -> None:
        events.append(f"rename {target}")
        real_rename(source, target, **options)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    put(tmp_path, "new/f", b"x")
    assert events[0].startswith("fsync ") and len(events[0]) == len("fsync ") + 24
    assert events[1] == f"fsync {tmp_path.name}" or events[1] == "fsync ", "the parent of the new directory"
    assert events[-2:] == ["rename f", "fsync new"]


def test_a_full_disk_is_refused_before_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "warm", b"x")
    monkeypatch.setattr("runyard.artifacts.local.tree.Tree.free_bytes", lambda self: (70_000_000, 10**12))
    assert put(tmp_path, "small", b"x") == 1
    with pytest.raises(StorageFull, match="free"):
        put(tmp_path, "large", b"x" * 20_000_000)


def test_links_are_neither_read_nor_written_through(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "dir").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    os.mkfifo(root / "pipe")
    for path in ("dir/secret", "file", "pipe"):
        with pytest.raises(NotFound):
            call(root, "get", path)
    with pytest.raises((NotFound, InvalidInput)):
        put(root, "dir/secret", b"overwritten")
    assert call(root, "list_dir", "") == [] and call(root, "list_dir", "dir") == []
    call(root, "delete", "dir")
    call(root, "delete", "file")
    assert (outside / "secret").read_bytes() == b"secret"
    assert sorted(os.listdir(root)) == [writing.HIDDEN, "pipe"]


def test_a_link_swapped_in_while_writing_is_never_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (root / "d").mkdir(parents=True)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                os.rename(root / "d", root / "away")
                os.symlink(outside, root / "d")
            with contextlib.suppress(OSError):
                os.unlink(root / "d")
            with contextlib.suppress(OSError):
                os.rename(root / "away", root / "d")

    async def attack() -> None:
        store = LocalDatastore(str(root))
        for index in range(150):
            try:
                await store.put(f"d/{index}", one(b"x"), 1)
            except RunyardError:
                pass
            try:
                await store.delete(f"d/{index}")
            except RunyardError:
                pass
        await store.aclose()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        asyncio.run(attack())
    finally:
        stop.set()
        thread.join()
    assert os.listdir(outside) == []


def test_what_a_killed_process_left_is_swept_and_live_uploads_stay(tmp_path: Path) -> None:
    put(tmp_path, "warm", b"x")
    area = tmp_path / writing.HIDDEN
    old = time.time() - 3_600
    for name in ("dead", "live"):
        (area / name).write_bytes(b"half")
        os.utime(area / name, (old, old))
    (area / "young").write_bytes(b"half")
    (area / "trash-1" / "deep").mkdir(parents=True)
    (area / "trash-1" / "deep" / "f").write_bytes(b"x")
    with (area / "live").open("rb") as live:
        fcntl.flock(live, fcntl.LOCK_EX)
        put(tmp_path, "again", b"x")
        assert sorted(hidden(tmp_path)) == ["live", "young"]


def test_a_deep_and_wide_tree_is_deleted(tmp_path: Path) -> None:
    deep = tmp_path / "top"
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)
    for index in range(700):
        (deep / f"f{index}").write_bytes(b"")
    call(tmp_path, "delete", "top")
    assert not (tmp_path / "top").exists() and hidden(tmp_path) == []


def test_two_processes_may_remove_the_same_tree(tmp_path: Path) -> None:
    for index in range(1_000):
        (tmp_path / "top" / str(index % 7) / "d").mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / str(index % 7) / "d" / str(index)).write_bytes(b"")
    fd = os.open(tmp_path, os.O_RDONLY)
    first, second = tree.removal(fd, "top"), tree.removal(fd, "top")
    next(first)
    assert list(second)
    assert list(first) == []
    os.close(fd)
    assert os.listdir(tmp_path) == []


def test_uploads_have_no_path_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "warm", b"x")
    with pytest.raises(InvalidInput):
        put(tmp_path, f"{writing.HIDDEN}/x", b"x")
    with pytest.raises(NotFound):
        call(tmp_path, "get", f"{writing.HIDDEN}/x")
    with pytest.raises(InvalidInput):
        call(tmp_path, "delete", writing.HIDDEN)
    assert call(tmp_path, "list_dir", writing.HIDDEN) == []


@pytest.fixture
def slow_fsync(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    calls: list[int] = []
    gate = threading.Event()

    def fsync(fd: int) -> None:
        calls.append(fd)
        gate.wait(0.05)

    monkeypatch.setattr(os, "fsync", fsync)
    yield calls


def test_concurrent_syncs_of_a_directory_share_calls(tmp_path: Path, slow_fsync: list[int]) -> None:
    syncs, fd = DirectorySync(), os.open(tmp_path, os.O_RDONLY)
    threads = [threading.Thread(target=syncs.sync, args=(fd,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(fd)
    assert 2 <= len(slow_fsync) <= 6


def test_a_failed_sync_is_reported_to_its_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(fd: int) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(os, "fsync", fsync)
    syncs, fd = DirectorySync(), os.open(tmp_path, os.O_RDONLY)
    for _ in range(2):
        with pytest.raises(OSError, match="I/O error"):
            syncs.sync(fd)
    os.close(fd)
