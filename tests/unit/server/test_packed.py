"""Packed answers: sent once, compressed where it helps, and not made for who has them."""

from __future__ import annotations

import asyncio
import gzip
import os

import pytest

from runyard.server.packed import Packed, Ready, accepts_gzip, ready, tag_of

TAG = tag_of("charts", [1, 2], None)
LONG = b"0123456789" * 50_000


async def never() -> bytes:
    raise AssertionError("made for somebody who has it")


def answered(answer: Packed, **headers: str) -> tuple[Ready, dict[str, str]]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    made = asyncio.run(ready(answer, sent))
    return made, {name.decode(): value.decode() for name, value in made.headers}


def test_tags_follow_what_they_are_made_of() -> None:
    assert tag_of("charts", [1, 2], None) == TAG
    assert (
        len({TAG, tag_of("charts", [1, 2]), tag_of("charts", [2, 1], None), tag_of("chart", [1, 2], None)})
        == 4
    )


@pytest.mark.parametrize("had", [f'"{TAG}"', f'W/"{TAG}"', f'"{TAG}-gzip"', f'"x", "{TAG}-gzip"', "*"])
def test_who_has_the_answer_is_sent_nothing(had: str) -> None:
    made, headers = answered(Packed(TAG, never), if_none_match=had)
    assert (made.status, made.body, headers["etag"]) == (304, b"", f'"{TAG}"')
    assert "content-length" not in headers


@pytest.mark.parametrize("had", ["", '"x"', TAG, '"' + TAG[:-1] + '"'])
def test_who_has_another_gets_it(had: str) -> None:
    made, headers = answered(Packed(TAG, b"body"), if_none_match=had)
    assert (made.status, made.body, headers["etag"]) == (200, b"body", f'"{TAG}"')
    assert headers["content-length"] == "4" and "content-encoding" not in headers
    assert headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("body", [LONG, LONG[:5000]])
def test_a_long_body_is_compressed_and_has_a_tag_of_its_own(body: bytes) -> None:
    made, headers = answered(Packed(TAG, body), accept_encoding="br;q=1.0, gzip;q=0.8")
    assert gzip.decompress(made.body) == body
    assert headers["content-encoding"] == "gzip" and headers["etag"] == f'"{TAG}-gzip"'
    assert int(headers["content-length"]) == len(made.body) < len(body) / 5


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (LONG[:4000], "gzip"),
        (LONG, "br"),
        (LONG, "gzip;q=0"),
        (os.urandom(5000), "gzip"),
        (os.urandom(500_000), "gzip"),
    ],
)
def test_what_gains_nothing_is_sent_as_it_is(body: bytes, accepted: str) -> None:
    made, headers = answered(Packed(TAG, body), accept_encoding=accepted)
    assert made.body == body and "content-encoding" not in headers


@pytest.mark.parametrize(
    ("accepted", "allowed"),
    [
        *(("gzip", True), ("GZIP", True), ("*", True), ("*;q=0.1", True), ("gzip; q=1", True)),
        *(("", False), ("identity", False), ("gzip;q=0, *", False), ("gzip;q=x", False), ("*;q=0", False)),
    ],
)
def test_accept_encoding_is_read(accepted: str, allowed: bool) -> None:
    assert accepts_gzip(accepted) is allowed
