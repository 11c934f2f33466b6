"""Decoding takes time in proportion to the body."""

from __future__ import annotations

import json
import time

import pytest

from runyard.wire.mlflow.decoding import decode_body
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
