"""The token that requests of a tracking URI carry, renewed before it ends where there is a way."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable

import msgspec

from runyard.client import credentials
from runyard.client.addresses import Address
from runyard.client.credentials import Credential
from runyard.client.transport import Connection
from runyard.errors import NotAllowed, RunyardError

log = logging.getLogger("runyard.client")
RENEW_AT = 0.75  # of a token's life
LOOK_AGAIN_S = (
    5.0  # environment and stored login are read, and a failed renewal is tried again, this often at most
)


class _Claims(msgspec.Struct):
    iat: int
    exp: int
    sub: str = ""


def claims_of(token: str) -> _Claims | None:
    """What a tracking token says about itself, unchecked; None for other tokens."""
    try:
        payload = token.split(".")[1]
        return msgspec.json.decode(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims
        )
    except (IndexError, ValueError, binascii.Error, msgspec.MsgspecError):
        return None


def principal_of(token: str | None) -> str:
    """Whose a token is: the same text for all tracking tokens of one principal, another for each other token."""
    if not token:
        return ""
    claims = claims_of(token)
    return claims.sub if claims is not None else hashlib.sha256(token.encode()).hexdigest()[:16]


class TokenSource:
    """Gives the current token of an address, to any thread, also after a fork.

    A tracking token is used until three quarters of its life have passed. Then an access token of the environment or of
    the stored login, if it belongs to the same principal, makes a fresh one. Without one the token is used to its end
    and beyond: the server's answer says what to do. Access tokens are used as they are.

    Args:
        address: its token is the first one that is used.
        clock: seconds since 1970.
        renew: makes a tracking token with an access token.
    """

    def __init__(
        self,
        address: Address,
        clock: Callable[[], float] = time.time,
        renew: Callable[[Address, str], str] | None = None,
    ) -> None:
        self._address = address
        self._clock = clock
        self._renew = renew or fresh_token
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._token = address.token
        self._age_of_ours: float | None = None  # when we got the token from the server ourselves
        self._next_look = 0.0
        self._next_try = 0.0
        self._found: Credential | None = None
        self._warned = False

    def __repr__(self) -> str:
        return f"TokenSource({self._address!r})"

    def current(self) -> str | None:
        """The token for the next request; None where there is no credential."""
        token = self._token or self._lasting_token()
        claims = claims_of(token) if token else None
        if token is None or claims is None:
            return token
        now, (due, end) = self._clock(), self._due(claims)
        if now < due:
            return token
        lock = self._lock_of_process()
        if not lock.acquire(blocking=now >= end):
            return token  # another thread renews, and this token is good meanwhile
        try:
            return self._renewed(token, claims)
        finally:
            lock.release()

    def rejected(self, token: str | None) -> None:
        """The server does not take a token, whatever it says about itself: look for another one.

        One that came with the address gives way to the environment's or the stored login's, if there is one.
        """
        claims = claims_of(token) if token else None
        if token is not None and claims is not None:
            with self._lock_of_process():
                self._renewed(token, claims)
        elif self._token == token:
            other = credentials.lasting(self._address.server)
            if other is not None and other.token != token:
                self._token, self._next_look = None, 0.0

    def _due(self, claims: _Claims) -> tuple[float, float]:
        """When the token is to be renewed, and when it ends, by this machine's clock."""
        start = claims.iat if self._age_of_ours is None else self._age_of_ours
        life = claims.exp - claims.iat
        return start + RENEW_AT * life, start + life

    def _renewed(self, old: str, claims: _Claims) -> str:
        if self._token not in (None, old):
            return self._token or old  # another thread was faster
        now = self._clock()
        if now < self._next_try:
            return old
        self._next_try = now + LOOK_AGAIN_S
        way = credentials.renewing(self._address.server)
        if way is None:
            return old
        try:
            fresh = self._renew(self._address, way.token)
        except NotAllowed:
            log.debug("%s may not make tracking tokens; it is used itself.", way.source)
            fresh = way.token
        except RunyardError as exc:
            log.debug("No fresh token of %r with the credential from %s: %s", self._address, way.source, exc)
            return old
        got = claims_of(fresh)
        if got is not None and claims.sub != got.sub:
            self._warn_of_another(way)
            return old
        self._token, self._age_of_ours = fresh, now
        return fresh

    def _warn_of_another(self, way: Credential) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "The token of the tracking URI is not renewed: the credential from %s belongs to somebody else.",
                way.source,
            )

    def _lasting_token(self) -> str | None:
        """The credential of the environment or the stored login; a new login is noticed."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + LOOK_AGAIN_S
            self._found = credentials.lasting(self._address.server)
        return self._found.token if self._found is not None else None

    def _lock_of_process(self) -> threading.Lock:
        """A forked child gets a lock of its own: the parent's may be held by a thread that the child does not have."""
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock


def fresh_token(address: Address, access_token: str) -> str:
    """A tracking token of the address's workspace, made with an access token.

    Raises: RunyardError.
    """
    connection = Connection(address.server, address.place, access_token, patience_s=5, timeout_s=20)
    return connection.tracking_token()[0]


@functools.cache
def source_of(address: Address) -> TokenSource:
    """The one source that all stores of an address share in this process."""
    return TokenSource(address)
