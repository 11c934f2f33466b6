"""Credentials as scripts hand them over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from runyard.sdk.exceptions import AuthenticationException


@runtime_checkable
class Authentication(Protocol):
    """What Azure ML's authentication objects have in common."""

    def get_authentication_header(self) -> Mapping[str, str]:
        """{"Authorization": "Bearer ..."}"""
        ...


def token_of(auth: Authentication | str | None) -> str | None:
    """The token of an `auth` argument; None leaves the choice to the environment and the stored login.

    Raises: AuthenticationException.
    """
    if auth is None:
        return None
    if isinstance(auth, str):
        return auth
    if not isinstance(auth, Authentication):
        raise AuthenticationException(
            f"auth is a {type(auth).__name__}; give a token, or an object with get_authentication_header()."
        )
    header = auth.get_authentication_header().get("Authorization", "")
    return header.removeprefix("Bearer ") or None
