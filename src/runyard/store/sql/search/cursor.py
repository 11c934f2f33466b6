"""Page tokens: where the next page starts, bound to the query it belongs to and signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from runyard.errors import InvalidInput

Scalar = int | float | str | None
Position = tuple[Scalar, ...]

_DIGEST_BYTES = 16
_MAC_BYTES = 16
_MAX_CHARS = 100_000


def query_digest(*parts: object) -> bytes:
    """16 bytes that stand for a query: pass everything that decides which rows it finds and their order.

    Parts are strings, numbers, None and (nested) lists or tuples of them, as the client sent them.
    """
    return hashlib.sha256(msgspec.msgpack.encode(parts)).digest()[:_DIGEST_BYTES]


def encode_token(key: bytes, digest: bytes, after: Position) -> str:
    """A page token, urlsafe base64 without padding.

    `after` is `Page.after`, `digest` is `query_digest(...)`.
    """
    body = msgspec.msgpack.encode((digest, after))
    mac = _mac(key, body)
    return base64.urlsafe_b64encode(mac + body).decode().rstrip("=")


def decode_token(key: bytes, digest: bytes, token: str | None) -> Position | None:
    """The position in a token that `encode_token` made for the same query; None for an absent or empty token.

    Raises: InvalidInput, for anything else.
    """
    if not token:
        return None
    raw = _decode_base64(token)
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise InvalidInput("Invalid page token: this server did not issue it. Start again without a token.")
    try:
        bound, after = msgspec.msgpack.decode(body, type=tuple[bytes, Position])
    except msgspec.MsgspecError as exc:
        raise InvalidInput("Invalid page token: unreadable. Start again without a token.") from exc
    if bound != digest:
        raise InvalidInput(
            "Invalid page token: it belongs to another query. Repeat filter, order and ids of the first page."
        )
    return after


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"runyard page token 1" + body, hashlib.sha256).digest()[:_MAC_BYTES]


def _decode_base64(token: str) -> bytes:
    try:
        if len(token) > _MAX_CHARS:
            raise ValueError("too long")
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidInput("Invalid page token, could not base64-decode") from exc
