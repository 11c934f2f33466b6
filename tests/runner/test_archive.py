"""Archives that want to write elsewhere do not."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
from pathlib import Path

import pytest

from runyard.runner.archive import ArchiveWrong, extract
from tests.runner.standin import archive


def packed(*members: tuple[str, bytes, int, str]) -> bytes:
    """A tar of members: name, content, mode, what a link leads to."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = bytes([kind]), len(content), link
            member.mode = 0o4777
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(made.getvalue())


FILE, LINK, SYMLINK, DEVICE, FOLDER, FIFO = (ord(one) for one in "012356")


def taken(content: bytes, folder: Path, most: int = 10_000) -> int:
    """Take it out."""
    folder.mkdir(exist_ok=True)
    return extract(io.BytesIO(content), str(folder), most)


def test_files_and_folders_are_taken_out(tmp_path: Path) -> None:
    assert taken(archive({"a.py": b"1", "deep/er/b.py": b"2", "./c": b"3"}), tmp_path / "work") == 3
    found = {path.relative_to(tmp_path / "work").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a.py", "deep/er/b.py", "c"}


def test_modes_are_plain(tmp_path: Path) -> None:
    taken(packed(("a", b"1", FILE, "")), tmp_path / "work")
    assert stat.S_IMODE((tmp_path / "work" / "a").stat().st_mode) & 0o7022 == 0


@pytest.mark.parametrize(
    "member",
    [
        ("../escaped", b"1", FILE, ""),
        ("a/../../escaped", b"1", FILE, ""),
        ("/tmp/escaped-absolutely", b"1", FILE, ""),
        ("..", b"", FOLDER, ""),
        ("..\\escaped", b"1", FILE, ""),
        ("C:escaped", b"1", FILE, ""),
        ("link", b"", SYMLINK, "/etc"),
        ("link", b"", SYMLINK, "a"),
        ("link", b"", LINK, "/etc/hosts"),
        ("device", b"", DEVICE, ""),
        ("pipe", b"", FIFO, ""),
    ],
)
def test_what_leads_elsewhere_is_refused(tmp_path: Path, member: tuple[str, bytes, int, str]) -> None:
    with pytest.raises(ArchiveWrong, match="archive has"):
        taken(packed(member), tmp_path / "work")
    assert {path.name for path in tmp_path.iterdir()} == {"work"}
    assert not Path("/tmp/escaped-absolutely").exists()


def test_a_file_through_a_link_is_refused(tmp_path: Path) -> None:
    content = packed(("link", b"", SYMLINK, str(tmp_path)), ("link/escaped", b"1", FILE, ""))
    with pytest.raises(ArchiveWrong):
        taken(content, tmp_path / "work")
    assert not (tmp_path / "escaped").exists()


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveWrong):
        taken(packed(("a", b"1", FILE, ""), ("a", b"2", FILE, "")), tmp_path / "work")


def test_more_than_is_allowed_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ArchiveWrong, match="more than 10000 bytes"):
        taken(archive({"a": bytes(9_000), "b": bytes(9_000)}), tmp_path / "work")
    assert not (tmp_path / "work" / "b").exists()


@pytest.mark.parametrize("cut", [5, 60, 90, -9])
def test_an_archive_that_ends_too_early_is_noticed(tmp_path: Path, cut: int) -> None:
    with pytest.raises(ArchiveWrong):
        taken(archive({"a": b"1" * 5_000, "b": bytes(range(256)) * 20})[:cut], tmp_path / "work")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 no tar", gzip.compress(b"no tar, but packed" * 100, mtime=0)],
    ids=["nothing", "zip", "packed text"],  # the same in every process that shares the tests
)
def test_what_is_no_archive_is_noticed(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArchiveWrong):
        taken(content, tmp_path / "work")
