"""Copies of artifacts: whole, private, and made although the disk was full for a while."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from runyard.client.journal import spool as module
from runyard.client.journal.folder import JournalFolder
from runyard.client.journal.spool import Spool
from runyard.errors import InvalidInput, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder.create(tmp_path / "home", "", "", 1, offline=True)


def source_of(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "source"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("way", ["whatever there is", "the kernel", "bytes"])
def test_a_copy_is_whole_whichever_way_it_is_made(
    folder: JournalFolder, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "whatever there is":
        monkeypatch.setattr(module, "_shared", lambda source, target: False)
    if way == "bytes":
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    data = os.urandom(3_000_000)
    spool = Spool(folder)
    first, second = spool.copy(source_of(tmp_path, data)), spool.copy(source_of(tmp_path, b""))
    assert (first.size, second.size) == (len(data), 0)
    assert (folder.path / first.source).read_bytes() == data
    assert first.source != second.source
    assert (folder.path / first.source).stat().st_mode & 0o777 == 0o600
    spool.sync()


def test_what_cannot_be_read_is_told(folder: JournalFolder, tmp_path: Path) -> None:
    spool = Spool(folder)
    with pytest.raises(InvalidInput, match="absent"):
        spool.copy(tmp_path / "absent")
    with pytest.raises(InvalidInput, match="is no file"):
        spool.copy(tmp_path)


def test_a_full_disk_is_waited_for(
    folder: JournalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole, fails = module._copy, iter([True, True])

    def copy(source: int, target: Path) -> int:
        if next(fails, False):
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(b"part")
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(source, target)

    monkeypatch.setattr(module, "_copy", copy)
    monkeypatch.setattr(module, "FULL_PAUSE_S", 0.01)
    copied = Spool(folder).copy(source_of(tmp_path, b"all of it"))
    assert (folder.path / copied.source).read_bytes() == b"all of it"
    assert "RUNYARD_FILES=reference" in caplog.text


def test_a_broken_disk_is_told_and_leaves_nothing(
    folder: JournalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(source: int, target: Path) -> int:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"part")
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module, "_copy", copy)
    with pytest.raises(StorageUnavailable, match="Input/output error"):
        Spool(folder).copy(source_of(tmp_path, b"x"))
    assert list(folder.files.iterdir()) == []


def test_many_threads_get_copies_of_their_own(folder: JournalFolder, tmp_path: Path) -> None:
    spool = Spool(folder)
    source = source_of(tmp_path, b"same")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.extend(spool.copy(source).source for _ in range(20)))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 100
