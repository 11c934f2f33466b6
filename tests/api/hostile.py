"""Requests that no well-meaning client sends, made from the request types of the routes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import inspect

HOLE = "<<hole>>"
DEEP = 20_000

# JSON as sent; some of it Python could not write.
VALUES = (
    *("null", "true", "-1", "0", "1.5", "1e400", "-1e400", "NaN", "Infinity", "-Infinity"),
    *("9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "1" + "0" * 5_000),
    *('""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ufffe😀"'),
    *('"../../../etc/passwd"', '"%2e%2e%2f%00"', '"\' OR 1=1 --"', '"1e400"', '"NaN"'),
    *("[]", "[null]", "[[[[]]]]", "{}", '{"a": {"b": [1]}}', '"' + "x" * 100_000 + '"'),
)
BODIES = (
    *(b"", b" ", b"{", b"null", b"true", b"1", b"[]", b"[1, 2]", b'"text"', b'"{}"', b"\xff\xfe\x00", b"\x00" * 10),
    *(b"[" * DEEP, b'{"tags":' * DEEP, b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}", b'{"a": 1, "a": {"b": 2}}'),
    b'{"' + b"\\u0000" * 10 + b'": 1}',
    b'{"\\ud800": 1, "runId": "a", "run_id": "b"}',
    b'{"x": "' + b"y" * 1_000_000 + b'"}',
)  # fmt: skip
CONTENT_TYPES = (
    *("", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/xml"),
    *("application/json; charset=utf-16", "application/json;;;", "APPLICATION/JSON", "\xff", "x" * 5_000),
)  # fmt: skip
TEXTS = (
    *("", " ", "\0", "a\0b", "..", "../../etc/passwd", "/etc/passwd", "C:\\x", "😀", "￾", "-1", "1.5", "1e400"),
    *("NaN", "9223372036854775808", "1" + "0" * 400, "1" + "0" * 5_000, "True", "' OR 1=1 --", "{id}", "%", "x" * 5_000),
)  # fmt: skip
CLAUSES = (
    *("(" * 5_000, "a = " * 5_000, "metrics.m > 1 and " * 5_000, "metrics.m", "metrics. > 1", "metrics.m > 'x'"),
    *("params.p = 1", "params.`p` LIKE '%" + "%_" * 2_000 + "'", "tags.t IN (" + "'x'," * 5_000 + "'y')", "tags.t IN ()"),
    *("metrics.m > 1e400", "metrics.m > -nan", "metrics.m = 1" + "0" * 5_000, "attributes.start_time > 1" + "0" * 400),
    *("name ILIKE '\0'", "name = 'a' or name = 'b'", "name RLIKE '(a+)+$'", "name RLIKE '['", "'; DROP TABLE runs; --"),
    *("tags.\"a\"\"b\" = 'x'", "name = '" + "x" * 50_000 + "'", "name != 😀", "dataset.name = 'x' " * 50, "name"),
    *("metrics.`" + "k" * 5_000 + "` > 1", "name DESC DESC", "metrics.m.min ASC", "\0", "=", "''", "1", "name ASC,", "%"),
)  # fmt: skip
# Percent-encoded already; the last ones are no UTF-8.
PATH_PARTS = (*(quote(text, safe="") for text in TEXTS if text), "%2e%2e%2f%2e%2e", "%252e%252e", "%ff", "%ed%a0%80", "%")  # fmt: skip


def bodies(kind: type[Any], known: Mapping[str, Any]) -> Iterator[bytes]:
    """Bodies of a request type, each plausible but for one value."""
    for pattern in _holes(inspect.type_info(kind), known):
        text = json.dumps(pattern)
        for value in VALUES:
            yield text.replace(json.dumps(HOLE), value, 1).encode()


def queries(kind: type[Any], known: Mapping[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """Query strings of a request type, each plausible but for one value."""
    struct = inspect.type_info(kind)
    assert isinstance(struct, inspect.StructType)
    for hole in struct.fields:
        others = [
            (field.encode_name, _as_text(_plausible(field, known)))
            for field in struct.fields
            if field is not hole and (field.required or field.encode_name in known)
        ]
        for text in TEXTS:
            yield [*others, (hole.encode_name, text)]


def plausible(kind: type[Any], known: Mapping[str, Any]) -> Any:
    """An object of a request type whose values may well exist."""
    return _object(inspect.type_info(kind), known)


def _as_text(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


def _holes(kind: inspect.Type, known: Mapping[str, Any]) -> Iterator[Any]:
    """Plausible objects, each with one value of it or of what it holds replaced by HOLE."""
    for struct in _structs(kind):
        whole = _object(struct, known)
        for field in struct.fields:
            yield {**whole, field.encode_name: HOLE}
            for inner in _holes(field.type, known):
                yield {**whole, field.encode_name: [inner] if _is_list(field.type) else inner}


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    if isinstance(kind, inspect.StructType):
        yield kind
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _structs(option)
    elif isinstance(kind, inspect.ListType):
        yield from _structs(kind.item_type)


def _is_list(kind: inspect.Type) -> bool:
    options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(option, inspect.ListType) for option in options)


def _object(kind: inspect.Type, known: Mapping[str, Any]) -> dict[str, Any]:
    assert isinstance(kind, inspect.StructType)
    return {
        field.encode_name: _plausible(field, known)
        for field in kind.fields
        if field.required or field.encode_name in known
    }


def _plausible(field: inspect.Field, known: Mapping[str, Any]) -> Any:
    if field.encode_name in known:
        return known[field.encode_name]
    structs = list(_structs(field.type))
    if structs:
        inner = _object(structs[0], known)
        return [inner] if _is_list(field.type) else inner
    options = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    if isinstance(options[0], inspect.LiteralType):
        return options[0].values[0]
    simple: dict[type[inspect.Type], Any] = {
        inspect.StrType: "x",
        inspect.IntType: 1,
        inspect.FloatType: 1.0,
        inspect.BoolType: True,
        inspect.ListType: [],
        inspect.DictType: {},
        inspect.BytesType: "",
    }
    return simple[type(options[0])]
