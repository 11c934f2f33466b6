"""Decoding takes time in proportion to the body."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from runyard.errors import InvalidInput, shown
from runyard.wire.mlflow.decoding import decode_body, decode_hot
from runyard.wire.mlflow.registry import SetModelTag

SIZE = 1_000_000


@pytest.mark.parametrize(
    "value", ["v" * SIZE, '"' * (SIZE // 2), "aA" * (SIZE // 2), '"a' * (SIZE // 4), " " * SIZE]
)
def test_a_large_value_is_decoded_at_once(value: str) -> None:
    body = json.dumps({"name": "n", "key": "k", "value": value}).encode()
    began = time.process_time()
    assert decode_body(body, SetModelTag).value == value
    assert time.process_time() - began < 2


@pytest.mark.parametrize("part", ["[]", "{}", "0", '""', '{"a":[[1]]}'])
@pytest.mark.parametrize("decode", [decode_body, decode_hot])
def test_very_many_parts_are_refused_before_they_are_taken_apart(
    part: str, decode: Callable[[bytes, type[SetModelTag]], SetModelTag]
) -> None:
    """Twenty million empty lists in 60 MB would take half a minute of everybody's time, and gigabytes."""
    body = b'{"value": [' + b",".join([part.encode()] * 2_000_000) + b"]}"
    began = time.process_time()
    with pytest.raises(InvalidInput, match="lists and objects"):
        decode(body, SetModelTag)
    assert time.process_time() - began < 1


def test_an_error_shows_the_beginning_of_a_value_and_does_not_look_at_the_rest() -> None:
    value = {"a": [{"b": "ü"}] * SIZE}
    began = time.process_time()
    assert shown(value, 20) == '{"a": [{"b": "ü"}, {…'
    assert time.process_time() - began < 0.1
    assert (
        shown("x" * 3) == '"xxx"' and shown("x" * 300, 5) == '"xxxx…' and shown({"a": None}) == '{"a": null}'
    )
