"""Logins as our API spells them."""

from __future__ import annotations

import msgspec

from runyard.wire.api.principals import PrincipalMessage
from runyard.wire.mlflow.scalars import Int64


class NoFields(msgspec.Struct):
    pass


class LoginWays(msgspec.Struct):
    password: bool
    oidc: bool
    device: bool
    issuer: str | None = None


class PasswordLogin(msgspec.Struct):
    user: str
    password: str
    name: str = "login"
    life_s: Int64 | None = None


class SessionLogin(msgspec.Struct):
    user: str
    password: str


class LoginAnswer(msgspec.Struct):
    token: str
    token_id: str
    expires_ms: int
    principal: PrincipalMessage


class SessionAnswer(msgspec.Struct):
    expires_ms: int
    principal: PrincipalMessage
    csrf_token: str


class LogOut(msgspec.Struct):
    everywhere: bool = False


class LoggedOut(msgspec.Struct):
    revoked: bool
    sessions: int


class DeviceAnswer(msgspec.Struct):
    handle: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    interval_s: int
    expires_s: int


class DeviceToken(msgspec.Struct):
    handle: str
    name: str = "login"


class DeviceTokenAnswer(msgspec.Struct, omit_defaults=True):
    status: str
    interval_s: int | None = None
    token: str | None = None
    token_id: str | None = None
    expires_ms: int | None = None
    principal: PrincipalMessage | None = None
