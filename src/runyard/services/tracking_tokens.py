"""Signed tokens of tracking URIs: for one person and one workspace, for at most an hour."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable

import jwt
import msgspec

from runyard.errors import Unauthenticated

LIFE_S = 3_600
LEEWAY_S = 30
LONGEST = 8_000  # characters
ALGORITHM = "HS256"
ISSUER = "runyard"
CALL_AGAIN = "Call get_mlflow_tracking_uri() again for a fresh one."
NEEDED = ["iss", "aud", "sub", "iat", "exp", "jti", "act"]


class TrackingClaims(msgspec.Struct, frozen=True):
    """What a token says. `via` is the uuid of the access token that it was made with, None for other credentials."""

    principal: str
    workspace: str
    token_id: str
    actions: list[str]
    via: str | None
    expires_ms: int


class TrackingTokens:
    """Signs and checks tokens.

    Args:
        key: the server's secret; a key of this purpose alone is derived from it.
        clock: seconds since 1970.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key = hmac.digest(key, b"runyard tracking token", hashlib.sha256)
        self._key_id = hashlib.sha256(self._key).hexdigest()[:16]
        self._clock = clock

    def sign(
        self, principal: str, workspace: str, *, actions: list[str], via: str | None, life_s: int = LIFE_S
    ) -> str:
        """A fresh token.

        Args:
            principal: uuid of the principal.
            workspace: guid of the workspace.
            life_s: seconds, cut to an hour.
        """
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": workspace,
            "sub": principal,
            "iat": now,
            "exp": now + max(1, min(life_s, LIFE_S)),
            "jti": uuid.uuid4().hex,
            "act": actions,
            "via": via,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._key_id})

    def check(self, token: str) -> TrackingClaims:
        """The claims of a token that this server signed and that is still good.

        Raises: Unauthenticated, saying how to get another.
        """
        try:
            if len(token) > LONGEST:
                raise ValueError("longer than any that was made")
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": NEEDED, "verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
            expires, issued = int(claims["exp"]), int(claims["iat"])
            found = TrackingClaims(
                str(claims["sub"]),
                str(claims["aud"]),
                str(claims["jti"]),
                [str(one) for one in claims["act"]],
                None if claims.get("via") is None else str(claims["via"]),
                expires * 1000,
            )
        except (jwt.PyJWTError, TypeError, ValueError, KeyError, OverflowError, RecursionError):
            raise Unauthenticated(
                f"The token of the tracking URI was not made by this server. {CALL_AGAIN}"
            ) from None
        if expires <= self._clock():
            raise Unauthenticated(
                f"The token of the tracking URI has expired; it is good for at most one hour. {CALL_AGAIN}"
            )
        if expires - issued > LIFE_S or issued > self._clock() + LEEWAY_S:
            raise Unauthenticated(f"The token of the tracking URI claims too long a life. {CALL_AGAIN}")
        return found
