"""Files on their way."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.client.files import Counted, place_inside, write_whole
from runyard.errors import InvalidInput


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\\..\\x", "a\0b", "C:/x", ".."])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        place_inside(tmp_path, name)


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="link"):
        place_inside(tmp_path / "target", "link/x")


def test_names_inside_are_kept(tmp_path: Path) -> None:
    assert place_inside(tmp_path, "a/b c/ü.txt") == tmp_path / "a" / "b c" / "ü.txt"


def test_write_whole_tells_progress_and_leaves_one_file(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    write_whole(tmp_path / "new" / "x", [b"ab", b"c"], 3, lambda done, total: told.append((done, total)))
    assert (tmp_path / "new" / "x").read_bytes() == b"abc"
    assert told == [(2, 3), (3, 3)]
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_broken_download_keeps_the_former_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(ConnectionError):
        write_whole(tmp_path / "x", broken(), None, None)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_counted_sends_no_more_than_its_size() -> None:
    told: list[tuple[int, int | None]] = []
    one = Counted(io.BytesIO(b"abcdef"), 4, lambda done, total: told.append((done, total)))
    assert (len(one), one.read(3), one.read(3), one.read(3)) == (4, b"abc", b"d", b"")
    assert told == [(3, 4), (4, 4)]
