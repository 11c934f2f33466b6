"""The cookies of a browser: its session, and what it needs to remember while it logs in elsewhere."""

from __future__ import annotations

from runyard.server.access import SESSION_COOKIES
from runyard.services.access_tokens import SESSION_LIFE_S

Header = tuple[bytes, bytes]
LOGIN_COOKIES = (b"__Host-runyard_login", b"runyard_login")
LOGIN_LIFE_S = 600


class SessionCookies:
    """Writes Set-Cookie headers: out of scripts' reach, not sent along by other sites' forms, over TLS alone where
    there is TLS.

    Args:
        secure: browsers reach this server over TLS.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def session(self, secret: str) -> Header:
        """Begin a session."""
        return self._header(self._name(SESSION_COOKIES), secret, SESSION_LIFE_S)

    def end_session(self) -> Header:
        """Forget the session."""
        return self._header(self._name(SESSION_COOKIES), "", 0)

    def login(self, text: str) -> Header:
        """Remember a login that goes on at the identity provider."""
        return self._header(self._name(LOGIN_COOKIES), text, LOGIN_LIFE_S)

    def end_login(self) -> Header:
        """Forget it."""
        return self._header(self._name(LOGIN_COOKIES), "", 0)

    @property
    def login_name(self) -> str:
        """The cookie that `login` sets."""
        return self._name(LOGIN_COOKIES).decode()

    def _name(self, names: tuple[bytes, bytes]) -> bytes:
        return names[0] if self._secure else names[1]

    def _header(self, name: bytes, value: str, life_s: int) -> Header:
        rest = f"; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Lax{'; Secure' if self._secure else ''}"
        return (b"set-cookie", name + b"=" + value.encode() + rest.encode())
