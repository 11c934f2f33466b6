from __future__ import annotations

import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.errors import InvalidInput
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest

KEY = b"k" * 32
QUERY = query_digest("metrics.a > 1", ["start_time"], [1, 2], None)
scalars = st.none() | st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)


@given(st.lists(scalars).map(tuple))
def test_a_token_returns_the_position_it_was_made_of(position: tuple[int | float | str | None, ...]) -> None:
    found = decode_token(KEY, QUERY, encode_token(KEY, QUERY, position))
    assert found == position
    assert [type(value) for value in found or ()] == [type(value) for value in position]


def test_floats_keep_every_bit() -> None:
    position = (0.1 + 0.2, -0.0, math.nextafter(1, 2), 1.7976931348623157e308)
    assert decode_token(KEY, QUERY, encode_token(KEY, QUERY, position)) == position


def test_no_token_is_the_first_page() -> None:
    assert decode_token(KEY, QUERY, None) is decode_token(KEY, QUERY, "") is None


@pytest.mark.parametrize("token", ["a", "%%%", "é", "x" * 200_000, "eyJvZmZzZXQiOiAxfQ==", "A" * 64])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput, match="^Invalid page token"):
        decode_token(KEY, QUERY, token)


@given(st.text())
def test_any_text_is_refused(token: str) -> None:
    if token:
        with pytest.raises(InvalidInput, match="^Invalid page token"):
            decode_token(KEY, QUERY, token)


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_refused(place: int, change: int) -> None:
    token = encode_token(KEY, QUERY, (1, "x", 2.5))
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(InvalidInput, match="^Invalid page token"):
        decode_token(KEY, QUERY, base64.urlsafe_b64encode(bytes(raw)).decode())


def test_a_token_of_another_query_or_server_is_refused() -> None:
    token = encode_token(KEY, QUERY, (1,))
    with pytest.raises(InvalidInput, match="another query"):
        decode_token(KEY, query_digest("metrics.a > 2", ["start_time"], [1, 2], None), token)
    with pytest.raises(InvalidInput, match="did not issue"):
        decode_token(b"other", QUERY, token)
