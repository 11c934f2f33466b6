"""Frames of a journal as a request: the same records as one by one, or a clear refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.journal import BatchRecord, FileRecord, PointRecord, Record, RecordKind, Untag
from runyard.errors import BadRequest, InvalidInput
from runyard.wire.journal import decode_frames, decode_record, encode_frame, frame_bytes, frames

words = st.text(max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(PointRecord, words, words, st.floats(), numbers, numbers),
    st.builds(BatchRecord, words, st.just([]), st.lists(st.tuples(words, words), max_size=3)),
    st.builds(Untag, words, words),
    st.just(FileRecord("", "", "", 0)),
)


@given(st.lists(records, max_size=10), st.integers(1, 2**60))
def test_a_request_has_the_records_that_were_framed(written: list[Record], first: int) -> None:
    body = b"".join(encode_frame(seq, record) for seq, record in enumerate(written, first))
    sent = decode_frames(body)
    assert len(sent.records) == len(written)
    assert repr([*sent.records[:3], *sent.records[3:]]) == repr(written)
    assert repr(sent.records[:]) == repr([decode_record(frame) for frame in frames(body)]) == repr(written)
    assert sent.first == (first if written else 0)


@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_never_read_as_something_else(written: list[Record], data: st.DataObject) -> None:
    body = bytearray(b"".join(encode_frame(seq, record) for seq, record in enumerate(written, 1)))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRequest):
        decode_frames(bytes(body))


@given(st.integers(0, 255), st.binary(max_size=100))
def test_any_body_is_a_record_or_why_not(kind: int, body: bytes) -> None:
    (found,) = decode_frames(frame_bytes(5, kind, body)).records[:]
    if isinstance(found, InvalidInput):
        assert "Record 5" in found.message


def test_what_a_record_of_a_file_says_is_not_read() -> None:
    body = frame_bytes(1, RecordKind.FILE, b"") + encode_frame(2, FileRecord("runs/r", "a", "b", 1))
    assert decode_frames(body).records[:] == [FileRecord("", "", "", 0)] * 2


@pytest.mark.parametrize("seqs", [(0,), (1, 3), (2, 1), (1, 1), (2**63,), (2**63 - 1, 2**63), (2**64 - 1,)])
def test_seqs_follow_one_another_from_1_on(seqs: tuple[int, ...]) -> None:
    with pytest.raises(BadRequest):
        decode_frames(b"".join(encode_frame(seq, Untag("r", "k")) for seq in seqs))
