"""Disk that journals may take: told before it is used up, waited for when it is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from runyard.client.journal import budget as module
from runyard.client.journal.budget import Budget, shown, used_bytes

MIB = 1 << 20


def fill(home: Path, name: str, size: int) -> Path:
    path = home / "journal" / name
    path.parent.mkdir(exist_ok=True)
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def test_all_journals_count_with_their_files(tmp_path: Path) -> None:
    fill(tmp_path, "a", 10)
    (tmp_path / "other" / "files").mkdir(parents=True)
    (tmp_path / "other" / "files" / "1").write_bytes(b"x" * 7)
    assert used_bytes(tmp_path) == 17
    assert used_bytes(tmp_path / "absent") == 0


def test_there_is_room_until_the_limit(tmp_path: Path) -> None:
    news: list[str] = []
    one = Budget(tmp_path, 100 * MIB, news.append)
    one.wait(one.free_until)
    assert one.free_until > module.LEAST_BYTES
    assert news == []


def test_little_room_is_told_once(tmp_path: Path) -> None:
    news: list[str] = []
    one = Budget(tmp_path, 100 * MIB, news.append)
    fill(tmp_path, "a", 85 * MIB)
    for written in (5 * MIB, 20 * MIB, 40 * MIB):
        one.look(max(written, one.free_until))
    assert len(news) == 1
    assert "85.0 MiB of the 100 MiB that RUNYARD_JOURNAL_LIMIT allows" in news[0]


@pytest.mark.parametrize("limit", [8, 100, 400])
def test_little_room_is_told_as_soon_as_there_is_little(tmp_path: Path, limit: int) -> None:
    news: list[str] = []
    one = Budget(tmp_path, limit * MIB, news.append)
    told_at = 0
    for written in range(1, limit):
        fill(tmp_path, "a", written * MIB)
        one.look(written * MIB)
        told_at = told_at or (written if news else 0)
    assert told_at == -(-limit * 8 // 10)


def test_what_is_written_is_not_measured_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Budget(tmp_path, 100 * MIB, print)
    looks: list[Path] = []
    monkeypatch.setattr(module, "used_bytes", lambda home: looks.append(home) or 0)  # type: ignore[func-returns-value]
    for written in range(0, MIB, 1024):
        one.look(written)
    assert looks == []


def test_a_full_budget_blocks_with_a_warning_until_something_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    full = fill(tmp_path, "a", 10 * MIB)
    one = Budget(tmp_path, 10 * MIB, lambda text: None)
    one.look(one.free_until)
    threads = [threading.Thread(target=one.wait, args=(20 * MIB,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    threads[0].join(0.2)
    assert all(thread.is_alive() for thread in threads)
    full.unlink()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert caplog.text.count("logging waits until some of it is sent") == 1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (200 * MIB, "200 MiB"),
        (1 << 60, "1048576 TiB"),
    ],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert shown(count) == text
