"""Sends a table of calls to a server and brings the answers into a form that two servers can be compared in."""

import http.client
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterable
from typing import Any

from .calls.call import Call

CLOCK_TICK_S = 0.002
UNORDERED = ("tags", "request_metadata", "params", "aliases", "latest_versions")
VOLATILE = (
    (re.compile(r"^[a-z]+-[a-z]+-\d+$"), "<random name>"),
    (re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"), "<time>"),
    (re.compile(r"[0-9a-f]{32}"), "<hex>"),
)


def replay(url: str, calls: Iterable[Call]) -> dict[str, dict[str, Any]]:
    """Answers by call name: {"status", "body"}; values that differ from run to run stand as <placeholders>."""
    known = {"nonce": uuid.uuid4().hex[:12]}
    return {call.name: _answer(url, call, known) for call in calls}


def _answer(url: str, call: Call, known: dict[str, str]) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        return _exchange(connection, call, known)
    finally:
        connection.close()


def _exchange(connection: http.client.HTTPConnection, call: Call, known: dict[str, str]) -> dict[str, Any]:
    target = urllib.parse.quote(_filled(call.url, known), safe="/:%@+!,;=~*'()")
    if call.query:
        target += "?" + urllib.parse.urlencode([(k, _filled(v, known)) for k, v in call.query])
    body, headers = _body(call, known)
    connection.request(call.method, target, body, headers | _filled(call.headers, known))
    response = connection.getresponse()
    raw = response.read()
    answer = _parsed(raw, response.getheader("Content-Type") or "")
    if call.keep:  # made things differ in their time, so that their order is certain
        time.sleep(CLOCK_TICK_S)
    for name, place in call.keep.items():
        known[name] = str(_at(answer, place))
    return {"status": response.status, "body": normalised(answer, known)}


def _body(call: Call, known: dict[str, str]) -> tuple[bytes | None, dict[str, str]]:
    if call.body is None:
        return None, {}
    if isinstance(call.body, bytes):
        return call.body, {"Content-Type": "application/octet-stream"}
    return json.dumps(_filled(call.body, known)).encode(), {"Content-Type": "application/json"}


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, known_value in known.items():
            value = value.replace("{" + name + "}", known_value)
        return value
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    return value


def _parsed(raw: bytes, content_type: str) -> Any:
    if "json" in content_type:
        return json.loads(raw)
    if "html" in content_type:
        return "<html>"
    return raw.decode("utf-8", "replace")


def _at(answer: Any, place: str) -> Any:
    for step in place.split("."):
        if isinstance(answer, list) and step.isdigit():
            answer = answer[int(step)] if int(step) < len(answer) else None
        else:
            answer = answer.get(step) if isinstance(answer, dict) else None
    return answer


def normalised(value: Any, known: dict[str, str], key: str = "") -> Any:
    """`value` with known ids, times, tokens and random names replaced, and lists without an order sorted."""
    if isinstance(value, dict):
        return {name: normalised(item, known, name) for name, item in sorted(value.items())}
    if isinstance(value, list):
        items = [normalised(item, known, key) for item in value]
        return sorted(items, key=json.dumps) if key in UNORDERED else items
    if key.endswith("page_token") and value:
        return "<token>"
    if isinstance(value, int) and not isinstance(value, bool) and value > 1_600_000_000_000:
        return "<ms>"
    return _normalised_text(value, known, key) if isinstance(value, str) else value


def _normalised_text(text: str, known: dict[str, str], key: str) -> str:
    """A known number stands for an id only in an id or a URI: elsewhere, "1" may be anybody's value."""
    may_be_id = key.endswith(("experiment_id", "experiment_ids")) or text.startswith("mlflow-artifacts:")
    for name, value in sorted(known.items(), key=lambda item: -len(item[1])):
        if len(value) > 8 or (may_be_id and value.isdigit()):
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"<{name}>", text)
    for pattern, stand_in in VOLATILE:
        text = pattern.sub(stand_in, text)
    return text


def shape(value: Any) -> Any:
    """Keys and JSON types of a value."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
