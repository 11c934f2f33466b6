"""Bodies and query strings to typed requests, as leniently as MLflow's protobuf parser and no more.

Accepted beside plain JSON: numbers as text, integral floats for integers, bare NaN and Infinity, JSON text inside a
JSON string, lowerCamelCase names, `True`/`False` in query strings. Unparseable JSON counts as `{}`, so that the answer
names the missing field. Everything else that does not fit is InvalidInput and names the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from runyard.errors import SEE_DOCS, InvalidInput, shown

T = TypeVar("T")
DEPTH_LIMIT = 64
SMALL_BODY = 2_000  # bytes
PLAIN = (
    1_000_000,
    5_000_000,
)  # lists and objects of a request, and commas: a few hundred megabytes, half a second
LENIENT = (100_000, 1_000_000)  # of one that does not fit as it is: all of it is looked at several times
QUERY_FIELDS = 5_000
FREE_MAPS = frozenset({"tags", "metadata", "trace_metadata", "value", "properties", "body", "state"})
SECRET = frozenset({"password", "current_password", "secret", "token", "handle"})  # no error repeats them
_CAMEL = re.compile(rb'"[a-z][a-z0-9]*[A-Z][A-Za-z0-9]*"\s*:')
_MISSING = re.compile(r"missing required field `([^`]+)`")
_AT = re.compile(r" - at `([^`]+)`$")


def decode_body(body: bytes, kind: type[T], path_values: Mapping[str, str] | None = None) -> T:
    """A JSON body as kind; values from the path win.

    Args:
        kind: where it has a class variable FREE, objects of those names are the caller's own, like FREE_MAPS.
    Raises: InvalidInput, naming the field.
    """
    _check_parts(body, *PLAIN)
    if not path_values and not _CAMEL.search(body):
        try:
            return msgspec.json.decode(body, type=kind, strict=False)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass  # once more, leniently, for the answer or for the error text
    _check_parts(body, *LENIENT)
    fields = normalise(parse_json(body), 0, FREE_MAPS | getattr(kind, "FREE", FREE_MAPS))
    return convert({**fields, **(path_values or {})}, kind)


def decode_hot(body: bytes | bytearray, kind: type[T]) -> T:
    """`decode_body` for hot routes: a large body is searched for camelCase names only when it names no run."""
    _check_parts(body, *PLAIN)
    try:
        if len(body) > SMALL_BODY or not _CAMEL.search(body):
            decoded = msgspec.json.decode(body, type=kind, strict=False)
            if len(body) <= SMALL_BODY or getattr(decoded, "run_id", None):
                return decoded
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # once more, leniently, for the answer or for the error text
    _check_parts(body, *LENIENT)
    return convert(normalise(parse_json(body)), kind)


def _check_parts(body: bytes | bytearray, containers: int, commas: int) -> None:
    """Raises: InvalidInput for a body of more parts. What stands in texts counts, too: nothing is parsed yet."""
    if len(body) <= containers:
        return
    if body.count(b"[") + body.count(b"{") > containers or body.count(b",") > commas:
        raise InvalidInput(
            f"The request has more than {containers} lists and objects or {commas} values, or does not fit what is asked for. "
            "Check its fields, or split it into several requests."
        )


def decode_query(query: str | bytes, kind: type[T], path_values: Mapping[str, str] | None = None) -> T:
    """A query string as kind; repeated keys become lists where kind has a list."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    lists: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=QUERY_FIELDS)
    except ValueError:
        raise InvalidInput(f"The query string has more than {QUERY_FIELDS} fields.") from None
    for key, value in pairs:
        lists.setdefault(_snake(key), []).append(value)
    wants_list = _list_fields(kind)
    fields = {key: values if key in wants_list else values[-1] for key, values in lists.items()}
    return convert({**fields, **(path_values or {})}, kind)


def convert(fields: Mapping[str, Any], kind: type[T]) -> T:
    """Plain data as kind.

    Raises: InvalidInput, naming the field.
    """
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as exc:
        raise _explain(str(exc), fields) from None
    except RecursionError:
        raise InvalidInput("The request is nested too deeply.") from None


def parse_json(body: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a body; `{}` when it is not JSON."""
    value: Any = None
    for _ in range(2):
        try:
            value = json.loads(body) if body else {}
        except RecursionError:
            raise InvalidInput("The request is nested too deeply.") from None
        except ValueError:
            return {}
        if not isinstance(value, str):
            break
        body = value.encode("utf-8", "replace")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(f"The request body must be a JSON object, not {type(value).__name__}.")
    return value


def normalise(value: Any, depth: int = 0, free: frozenset[str] = FREE_MAPS) -> Any:
    """camelCase names to snake_case at every level; nulls dropped, because protobuf reads them as unset."""
    if depth > DEPTH_LIMIT:
        raise InvalidInput("The request is nested too deeply.")
    if isinstance(value, dict):
        fields: dict[str, Any] = {}
        for key, item in value.items():
            name = _snake(key)
            if name in fields:
                raise InvalidInput(
                    f"The field '{name}' is given twice, as '{key}' and under another spelling."
                )
            if (name in free and isinstance(item, dict)) or (name == "value" and isinstance(item, list)):
                fields[name] = _free(item, depth + 1)
            elif item is not None:
                fields[name] = normalise(item, depth + 1, free)
        return fields
    if isinstance(value, list):
        return [normalise(item, depth + 1, free) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(value) else value
    return value


def _free(value: Any, depth: int) -> Any:
    """A value whose keys belong to the caller: nothing is renamed or dropped."""
    if depth > DEPTH_LIMIT:
        raise InvalidInput("The request is nested too deeply.")
    if isinstance(value, dict):
        return {_whole(key): _free(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_free(item, depth + 1) for item in value]
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _snake(name: str) -> str:
    if name.islower():
        return name
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def _list_fields(kind: type[Any]) -> set[str]:
    found = set()
    for field in msgspec.structs.fields(kind):
        options = [field.type, *getattr(field.type, "__args__", ())]
        if any(getattr(option, "__origin__", option) is list for option in options):
            found.add(field.encode_name)
    return found


def _explain(text: str, fields: Mapping[str, Any]) -> InvalidInput:
    """msgspec's sentence in the words that MLflow's users know."""
    missing = _MISSING.search(text)
    if missing:
        return InvalidInput.missing(missing.group(1))
    at = _AT.search(text)
    path = at.group(1).removeprefix("$").removeprefix(".") if at else ""
    value = _value_at(fields, path)
    hint = text[: at.start()] if at else text
    told = "(not shown)" if re.split(r"[.\[]", path)[0] in SECRET else shown(value)
    return InvalidInput(
        f"Invalid value {told} for parameter '{path or 'body'}' supplied: "
        f" Hint: Value was of type '{type(value).__name__}'. {hint}. {SEE_DOCS}"
    )


def _value_at(fields: object, path: str) -> Any:
    value: Any = fields
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value
