"""Frames: the bytes of a journal, the same on disk and on the way to the server.

    frame := length u32 | crc32 u32 | seq u64 | kind u8 | body          little-endian

length is that of the body; the checksum covers seq, kind and body; seq counts the records of a journal from 1 without a
gap; the body is the record as a MessagePack array.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

import msgspec

from runyard.entities.journal import KIND_OF, RECORD_TYPES, Record, RecordKind
from runyard.errors import CorruptData, InvalidInput

CONTENT_TYPE = "application/vnd.runyard.journal"
HEADER = struct.Struct("<IIQB")
COVERED = struct.Struct("<QB")  # the part of the header that the checksum covers
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_SEQ = 2**63 - 1

_encode = msgspec.msgpack.Encoder().encode
_DECODERS = {kind: msgspec.msgpack.Decoder(one).decode for kind, one in RECORD_TYPES.items()}


class Frame(NamedTuple):
    """One record in its frame. `end` is the offset after it in the buffer that it was read from."""

    seq: int
    kind: int
    body: bytes | memoryview
    end: int


def encode_body(record: Record) -> bytes:
    """A record without its frame."""
    return _encode(record)


def frame_bytes(seq: int, kind: int, body: bytes) -> bytes:
    """A frame, ready to be written."""
    return HEADER.pack(len(body), crc32(body, crc32(COVERED.pack(seq, kind))), seq, kind) + body


def encode_frame(seq: int, record: Record) -> bytes:
    """A record in its frame."""
    return frame_bytes(seq, KIND_OF[type(record)], _encode(record))


def frames(data: bytes | memoryview, start: int = 0) -> Iterator[Frame]:
    """The whole frames of a buffer, up to the first that is incomplete.

    Raises: CorruptData at a frame that is complete and wrong.
    """
    view, size, at = memoryview(data), len(data), start
    header = HEADER.size
    while at + header <= size:
        length, checksum, seq, kind = HEADER.unpack_from(view, at)
        if length > MAX_BODY_BYTES:
            raise CorruptData(f"The journal is damaged at byte {at}: a record of {length} bytes.")
        end = at + header + length
        if end > size:
            return
        body = view[at + header : end]
        if crc32(body, crc32(COVERED.pack(seq, kind))) != checksum:
            raise CorruptData(f"The journal is damaged at byte {at}: the checksum does not fit.")
        yield Frame(seq, kind, body, end)
        at = end


def decode_record(frame: Frame) -> Record:
    """The record of a frame.

    Raises: InvalidInput, for a kind that this version does not know and for a body that is no such record.
    """
    try:
        return _DECODERS[RecordKind(frame.kind)](frame.body)
    except (ValueError, msgspec.MsgspecError, RecursionError) as exc:
        raise InvalidInput(
            f"Record {frame.seq} of the journal cannot be read (kind {frame.kind}: {exc})."
        ) from None


class SendResult(msgspec.Struct):
    """What became of records that were sent.

    Attributes:
        applied: the seq up to which the server has taken the journal; what was refused counts as taken.
        refused: records that the server will never take.
    """

    applied: int
    refused: list[Refusal] = []


class Refusal(msgspec.Struct):
    """A record that was refused, and why."""

    seq: int
    code: str
    message: str
