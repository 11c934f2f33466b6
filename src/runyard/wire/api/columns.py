"""Columns of packed answers: one MessagePack map in which numbers are little-endian arrays, not objects.

A column is one of
- `{"t": "f8" | "u4" | "u1", "d": bytes}`: numbers. In `f8` NaN says that there is no value; with `"n": bytes`, a bitmap
  whose lowest bit belongs to the first row, only the rows whose bit is set have none, and every other NaN was logged.
- a list of texts and nulls;
- `{"t": "dict", "v": [texts], "d": bytes}`: texts that repeat, each as its `u4` place in `v`; 0xFFFFFFFF: no text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

MEDIA: Final = "application/vnd.runyard.columns"
NO_TEXT: Final = 0xFFFF_FFFF
Column = dict[str, Any] | list[str | None]
Array = npt.NDArray[Any]
_TYPES: Final = {"f8": "<f8", "u4": "<u4", "u1": "u1"}
_REPEATS = 2  # texts per different text from which places are shorter


def floats(values: Sequence[float | None] | Array, absent: Sequence[bool] | Array | None = None) -> Column:
    """A column `f8`.

    Args:
        values: None where there is none.
        absent: which rows have none, where NaN is a value like others.
    """
    column: dict[str, Any] = {"t": "f8", "d": np.asarray(values, "<f8").tobytes()}
    if absent is not None:
        column["n"] = np.packbits(np.asarray(absent, np.bool_), bitorder="little").tobytes()
    return column


def metric_values(values: Sequence[float | None], present: Sequence[bool]) -> Column:
    """A column `f8` of metrics: None at a present row stands for NaN, as in the store's summaries."""
    numbers = np.asarray(values, "<f8")
    there = np.asarray(present, np.bool_)
    return floats(numbers, ~there if (np.isnan(numbers) & there).any() else None)


def counts(values: Sequence[int] | Array) -> Column:
    """A column `u4`. Raises: OverflowError, for what does not fit."""
    return _whole(values, "u4")


def codes(values: Sequence[int] | Array) -> Column:
    """A column `u1`. Raises: OverflowError, for what does not fit."""
    return _whole(values, "u1")


def texts(values: Sequence[str | None]) -> Column:
    """A list, or a dictionary and places where that is shorter."""
    places: dict[str, int] = {}
    found = [NO_TEXT if value is None else places.setdefault(value, len(places)) for value in values]
    if len(values) < _REPEATS * len(places):
        return list(values)
    return {"t": "dict", "v": list(places), "d": np.asarray(found, "<u4").tobytes()}


def pack(answer: Mapping[str, Any]) -> bytes:
    """The body of an answer."""
    return msgspec.msgpack.encode(answer)


def unpack(body: bytes) -> dict[str, Any]:
    """What `pack` was given; columns as they are on the wire, see `read`. Raises: ValueError."""
    try:
        return msgspec.msgpack.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError as exc:
        raise ValueError(f"this is no packed answer: {exc}") from exc


def read(column: Column) -> list[Any]:
    """The rows of a column; None where there is no value.

    Raises: ValueError, for what no column looks like.
    """
    if isinstance(column, list):
        return column
    kind, data = column.get("t"), column.get("d", b"")
    if kind == "dict":
        known = column["v"]
        return [None if place == NO_TEXT else known[place] for place in np.frombuffer(data, "<u4").tolist()]
    if kind not in _TYPES:
        raise ValueError(f"this release knows no column of type {kind!r}")
    numbers = np.frombuffer(data, _TYPES[kind])
    if kind != "f8":
        return list(numbers.tolist())
    if "n" in column:
        bits = np.frombuffer(column["n"], np.uint8)
        absent = np.unpackbits(bits, count=numbers.size, bitorder="little").astype(np.bool_)
    else:
        absent = np.isnan(numbers)
    return [None if gone else value for value, gone in zip(numbers.tolist(), absent.tolist(), strict=True)]


def _whole(values: Sequence[int] | Array, kind: str) -> Column:
    numbers = np.asarray(values, np.int64)
    most = np.iinfo(_TYPES[kind]).max
    if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) <= most:
        raise OverflowError(f"a column {kind} holds 0 to {most}, not {numbers.min()} to {numbers.max()}")
    return {"t": kind, "d": numbers.astype(_TYPES[kind]).tobytes()}
