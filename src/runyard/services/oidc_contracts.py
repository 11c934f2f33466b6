"""What logging in elsewhere needs from an OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Claims(msgspec.Struct, frozen=True):
    """What the provider says about a person. `subject` is unique at the provider and never given to another."""

    subject: str
    name: str
    display_name: str
    email: str
    groups: frozenset[str] | None


class DeviceStart(msgspec.Struct, frozen=True):
    """What a person needs for logging in on another device, and how often to ask whether they did."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    interval_s: int
    expires_s: int


class Pending(msgspec.Struct, frozen=True):
    """The person has not finished; ask again after a while."""

    interval_s: int


class IdentityProvider(Protocol):
    """An OpenID Connect provider. Every method raises IdentityProviderUnavailable where it does not answer as it should,
    and Unauthenticated where it says no.
    """

    issuer: str

    async def authorization_url(self, parameters: Mapping[str, str]) -> str:
        """Where to send a browser."""
        ...

    async def redeem_code(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> Claims:
        """Who logged in, from the code that the browser brought back."""
        ...

    async def start_device(self) -> DeviceStart:
        """Begin a login on another device."""
        ...

    async def redeem_device(self, device_code: str) -> Claims | Pending:
        """Who logged in, or that nobody has yet."""
        ...
