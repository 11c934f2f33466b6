"""What every datastore must do. An implementation supplies the fixture `store`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import pytest

from runyard.artifacts.contracts import ByteRange, Datastore, Entry
from runyard.errors import InvalidInput, NotFound, RangeNotSatisfiable

T = TypeVar("T")

ODD_NAMES = (
    "a b", "100%.txt", "50%25", "%41", "x#y", "q?z", "p+q", "ünï", "日本", "a&b=c", "semi;colon", "st*r{}^`|~[]<>",
    "quote'\"", "co:lon", "-", "..a", "a..b", "trail ", "dot.", "~", "@", "$HOME", "é", "🙂",
)  # fmt: skip


async def chunks(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def broken(data: bytes) -> AsyncIterator[bytes]:
    async for chunk in chunks(data):
        yield chunk
    raise ConnectionAbortedError("client left")


async def put(store: Datastore, path: str, data: bytes) -> int:
    return await store.put(path, chunks(data), len(data))


async def read(store: Datastore, path: str, byte_range: ByteRange | None = None) -> bytes:
    download = await store.get(path, byte_range)
    try:
        pieces = [bytes(piece) async for piece in download.pieces()]
    finally:
        await download.aclose()
    data = b"".join(pieces)
    assert len(data) == download.stop - download.start
    assert all(0 < len(piece) <= 256 * 1024 for piece in pieces)
    return data


class DatastoreSuite:
    """Run against a real implementation by inheriting."""

    big_bytes = 20 * 1024 * 1024 + 17

    @pytest.fixture
    def folder(self) -> str:
        """A directory of its own for each test, so that they may share a store."""
        return f"t-{uuid.uuid4().hex}"

    @pytest.fixture
    def run(self, loop: asyncio.AbstractEventLoop) -> Any:
        """Run one coroutine on the loop of the store."""

        def go(work: Awaitable[T]) -> T:
            return loop.run_until_complete(asyncio.wait_for(work, 120))

        return go

    def test_what_was_put_is_read_back(self, run: Any, store: Datastore, folder: str) -> None:
        assert run(put(store, f"{folder}/a/b.txt", b"hello")) == 5
        assert run(read(store, f"{folder}/a/b.txt")) == b"hello"

    def test_an_empty_file_is_a_file(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/empty", b""))
        assert run(read(store, f"{folder}/empty")) == b""
        assert run(store.list_dir(folder)) == [Entry("empty", False, 0)]

    def test_a_file_of_unknown_size_is_stored_whole(self, run: Any, store: Datastore, folder: str) -> None:
        data = os.urandom(3_000_000)
        assert run(store.put(f"{folder}/f", chunks(data), None)) == len(data)
        assert run(read(store, f"{folder}/f")) == data

    def test_a_large_file_survives_the_round_trip(self, run: Any, store: Datastore, folder: str) -> None:
        data = os.urandom(self.big_bytes)
        run(put(store, f"{folder}/big", data))
        assert hashlib.sha256(run(read(store, f"{folder}/big"))).digest() == hashlib.sha256(data).digest()

    def test_the_second_put_replaces_the_first(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/f", b"one"))
        first = run(store.head(f"{folder}/f"))
        run(put(store, f"{folder}/f", b"three"))
        second = run(store.head(f"{folder}/f"))
        assert run(read(store, f"{folder}/f")) == b"three"
        assert (first.size, second.size) == (3, 5) and first.etag != second.etag

    def test_head_tells_size_etag_and_time(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/f", b"12345"))
        info = run(store.head(f"{folder}/f"))
        download = run(store.get(f"{folder}/f"))
        run(download.aclose())
        assert info == download.info and info.size == 5 and info.modified_s > 1.7e9
        assert info.etag and '"' not in info.etag

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            (ByteRange(0, 0), b"0"),
            (ByteRange(2, 5), b"2345"),
            (ByteRange(7, None), b"789"),
            (ByteRange(7, 500), b"789"),
            (ByteRange(None, 3), b"789"),
            (ByteRange(None, 300), b"0123456789"),
            (ByteRange(0, None), b"0123456789"),
        ],
    )
    def test_a_range_reads_its_bytes(
        self, run: Any, store: Datastore, folder: str, asked: ByteRange, expected: bytes
    ) -> None:
        run(put(store, f"{folder}/f", b"0123456789"))
        assert run(read(store, f"{folder}/f", asked)) == expected

    @pytest.mark.parametrize("asked", [ByteRange(10, None), ByteRange(10, 12), ByteRange(None, 0)])
    def test_a_range_outside_the_file_is_refused(
        self, run: Any, store: Datastore, folder: str, asked: ByteRange
    ) -> None:
        run(put(store, f"{folder}/f", b"0123456789"))
        with pytest.raises(RangeNotSatisfiable):
            run(store.get(f"{folder}/f", asked))

    def test_a_range_across_pieces_of_a_large_file(self, run: Any, store: Datastore, folder: str) -> None:
        data = os.urandom(2_000_000)
        run(put(store, f"{folder}/f", data))
        assert run(read(store, f"{folder}/f", ByteRange(100_001, 1_900_000))) == data[100_001:1_900_001]

    def test_a_missing_file_is_not_found(self, run: Any, store: Datastore, folder: str) -> None:
        for action in (store.get, store.head):
            with pytest.raises(NotFound, match="No such artifact"):
                run(action(f"{folder}/nope"))

    def test_reading_a_directory_is_refused(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/d/f", b"x"))
        for action in (store.get, store.head):
            with pytest.raises(InvalidInput, match="is a directory"):
                run(action(f"{folder}/d"))

    def test_listing_shows_one_level_sorted(self, run: Any, store: Datastore, folder: str) -> None:
        for path in ("b", "a/x", "a/y/z", "c", "aa"):
            run(put(store, f"{folder}/{path}", b"12"))
        expected = [Entry("a", True, None), Entry("aa", False, 2), Entry("b", False, 2), Entry("c", False, 2)]
        assert run(store.list_dir(folder)) == expected
        assert run(store.list_dir(f"{folder}/a")) == [Entry("x", False, 2), Entry("y", True, None)]

    def test_listing_a_file_or_nothing_is_empty(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/f", b"x"))
        assert run(store.list_dir(f"{folder}/f")) == []
        assert run(store.list_dir(f"{folder}/nope")) == []
        assert run(store.list_dir(f"{folder}/f/below")) == []

    def test_listing_the_root_shows_top_level_names(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/f", b"x"))
        assert Entry(folder, True, None) in run(store.list_dir(""))

    def test_odd_names_go_in_and_come_out_unchanged(self, run: Any, store: Datastore, folder: str) -> None:
        for name in ODD_NAMES:
            run(put(store, f"{folder}/{name}/{name}", name.encode()))
        assert {entry.name for entry in run(store.list_dir(folder))} == set(ODD_NAMES)
        for name in ODD_NAMES:
            assert [entry.name for entry in run(store.list_dir(f"{folder}/{name}"))] == [name]
            assert run(read(store, f"{folder}/{name}/{name}")) == name.encode()
        for name in ODD_NAMES:
            run(store.delete(f"{folder}/{name}/{name}"))
        assert run(store.list_dir(folder)) == []

    def test_deleting_a_file_leaves_its_neighbours(self, run: Any, store: Datastore, folder: str) -> None:
        for name in ("f", "ff", "f.txt"):
            run(put(store, f"{folder}/{name}", b"x"))
        run(store.delete(f"{folder}/f"))
        assert [entry.name for entry in run(store.list_dir(folder))] == ["f.txt", "ff"]

    def test_deleting_a_directory_takes_all_below_it(self, run: Any, store: Datastore, folder: str) -> None:
        for index in range(40):
            run(put(store, f"{folder}/d/{index % 4}/{index}", b"x"))
        run(put(store, f"{folder}/dd/kept", b"x"))
        run(store.delete(f"{folder}/d"))
        assert run(store.list_dir(f"{folder}/d")) == []
        assert [entry.name for entry in run(store.list_dir(folder))] == ["dd"]

    def test_deleting_what_is_not_there_is_fine(self, run: Any, store: Datastore, folder: str) -> None:
        run(store.delete(f"{folder}/nope"))
        run(put(store, f"{folder}/f", b"x"))
        run(store.delete(f"{folder}/f/below"))
        assert run(read(store, f"{folder}/f")) == b"x"

    def test_a_directory_without_files_is_gone(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/a/b/c/f", b"x"))
        run(store.delete(f"{folder}/a/b/c/f"))
        assert run(store.list_dir(folder)) == []

    def test_the_root_is_never_deleted(self, run: Any, store: Datastore, folder: str) -> None:
        run(put(store, f"{folder}/f", b"x"))
        with pytest.raises(InvalidInput, match="root"):
            run(store.delete(""))
        assert run(read(store, f"{folder}/f")) == b"x"

    @pytest.mark.parametrize("size", [100_000, 12_000_000])
    def test_an_upload_that_breaks_off_leaves_nothing(
        self, run: Any, store: Datastore, folder: str, size: int
    ) -> None:
        with pytest.raises(Exception):  # noqa: B017  whatever the source raised, or its translation
            run(store.put(f"{folder}/f", broken(b"x" * size), size + 1))
        assert run(store.list_dir(folder)) == []

    @pytest.mark.parametrize("size", [100_000, 12_000_000])
    def test_an_upload_that_breaks_off_keeps_the_old_version(
        self, run: Any, store: Datastore, folder: str, size: int
    ) -> None:
        run(put(store, f"{folder}/f", b"old"))
        with pytest.raises(Exception):  # noqa: B017
            run(store.put(f"{folder}/f", broken(b"x" * size), None))
        assert run(read(store, f"{folder}/f")) == b"old"

    @pytest.mark.parametrize("announced", [9, 11])
    def test_an_upload_of_another_size_than_announced_is_refused(
        self, run: Any, store: Datastore, folder: str, announced: int
    ) -> None:
        with pytest.raises(InvalidInput, match="announced"):
            run(store.put(f"{folder}/f", chunks(b"0123456789"), announced))
        assert run(store.list_dir(folder)) == []

    @pytest.mark.parametrize("size", [1_000, 12_000_000])
    def test_a_cancelled_upload_leaves_nothing(
        self, run: Any, store: Datastore, folder: str, size: int
    ) -> None:
        async def scenario() -> None:
            sent = asyncio.Event()

            async def stalled() -> AsyncIterator[bytes]:
                async for chunk in chunks(b"x" * size):
                    yield chunk
                sent.set()
                await asyncio.Event().wait()

            task = asyncio.ensure_future(store.put(f"{folder}/f", stalled(), None))
            await asyncio.wait_for(sent.wait(), 60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run(scenario())
        assert run(store.list_dir(folder)) == []

    def test_concurrent_writers_of_one_path_leave_one_whole_version(
        self, run: Any, store: Datastore, folder: str
    ) -> None:
        versions = [bytes([65 + index]) * 1_500_000 for index in range(6)]

        async def race() -> None:
            await asyncio.gather(*(put(store, f"{folder}/f", data) for data in versions))

        run(race())
        assert run(read(store, f"{folder}/f")) in versions

    def test_many_small_files_at_once(self, run: Any, store: Datastore, folder: str) -> None:
        async def upload() -> None:
            limit = asyncio.Semaphore(16)

            async def one(index: int) -> None:
                async with limit:
                    await put(store, f"{folder}/d{index % 3}/{index:03}", b"%d" % index)

            await asyncio.gather(*(one(index) for index in range(120)))

        run(upload())
        assert sum(len(run(store.list_dir(f"{folder}/d{part}"))) for part in range(3)) == 120

    def test_a_path_longer_than_the_store_can_hold_is_refused_or_kept(
        self, run: Any, store: Datastore, folder: str
    ) -> None:
        path = "/".join([folder, *["n" * 200] * 9])
        try:
            run(put(store, path, b"x"))
        except InvalidInput:
            return
        assert run(read(store, path)) == b"x"
