"""A workspace of a server, and the token that opens it: asked for, renewed, and given again by the process that logs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping

import msgspec

from runyard.client.addresses import Address, base_path
from runyard.client.errors import error_from
from runyard.client.journal.sender.http import Answer, Wire
from runyard.client.renewal import TokenSource
from runyard.errors import RunyardError

REQUEST_S = 60.0
ME = "/api/v1/me"
TOKEN_PATH = "/api/v1/workspace/tracking-token"


class _Fresh(msgspec.Struct):
    token: str


class _Principal(msgspec.Struct):
    uuid: str = ""


class _Me(msgspec.Struct):
    principal: _Principal


class Access:
    """Requests to one workspace. Each thread has a connection of its own.

    Args:
        place: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server's default workspace.
        token: the first one, or "Basic " and an encoded name and password; without it, that of the environment or of
            the stored login.
        certificates: a file of authorities to trust where no variable names one.
        ask: called when the token is not taken any more and cannot be renewed here.
    """

    def __init__(
        self,
        server: str,
        place: str,
        token: str | None = None,
        certificates: str | None = None,
        ask: Callable[[], None] | None = None,
    ) -> None:
        self.server = server
        self.place = place
        self._base = base_path(place or None)
        self._certificates = certificates
        self._ask = ask
        self._own = threading.local()
        self._source = TokenSource(_address(server, place, token), renew=self._renew)

    def take(self, token: str | None) -> None:
        """Another token from the process that logs."""
        if token is not None:
            self._source = TokenSource(_address(self.server, self.place, token), renew=self._renew)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] = b"",
        *,
        size: int | None = None,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = REQUEST_S,
    ) -> Answer:
        """A request about the workspace, with the token as it is now.

        Args:
            path: begins with /api.
            body: bytes; or pieces of a file, with `size`.
            kind: the body's Content-Type.
        Raises: ServerUnreachable; OSError, if a file cannot be read; InvalidInput, if stored logins cannot be.
        """
        token = self._source.current()
        headers = {"Accept": "application/json", **(headers or {})}
        if kind is not None:
            headers["Content-Type"] = kind
        answer = self._sent(method, path, body, size, headers, token, timeout_s)
        if answer.status == 401 and self._another_than(token) and isinstance(body, bytes):
            answer = self._sent(method, path, body, size, headers, self._source.current(), timeout_s)
        return answer

    def get(self, path: str) -> Answer:
        """A GET."""
        return self.ask("GET", path)

    def who(self) -> str:
        """Whom the server takes us for; empty where it does not say."""
        with contextlib.suppress(RunyardError, msgspec.MsgspecError):
            token = self._source.current()
            answer = self._sent("GET", ME, b"", None, {}, token, REQUEST_S, base="")
            if answer.status == 200:
                return msgspec.json.decode(answer.body, type=_Me).principal.uuid
        return ""

    def close(self) -> None:
        """Close this thread's connection."""
        self._wire.close()

    @property
    def _wire(self) -> Wire:
        found: Wire | None = getattr(self._own, "wire", None)
        if found is None:
            found = self._own.wire = Wire(self.server, self._certificates)
        return found

    def _sent(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes],
        size: int | None,
        headers: dict[str, str],
        token: str | None,
        timeout_s: float,
        *,
        base: str | None = None,
    ) -> Answer:
        if token is not None and token.isascii() and token.isprintable():
            known = token if token.startswith("Basic ") else f"Bearer {token}"
            headers = {**headers, "Authorization": known}
        return self._wire.ask(
            method,
            (self._base if base is None else base) + path,
            body,
            size=size,
            headers=headers,
            timeout_s=timeout_s,
        )

    def _another_than(self, token: str | None) -> bool:
        """Whether there is another token than one that was not taken."""
        self._source.rejected(token)
        if self._source.current() != token:
            return True
        if self._ask is not None:
            self._ask()
        return False

    def _renew(self, address: Address, access_token: str) -> str:
        answer = self._sent(
            "POST",
            TOKEN_PATH,
            b"{}",
            None,
            {"Content-Type": "application/json"},
            access_token,
            REQUEST_S,
        )
        if answer.status != 200:
            raise error_from(answer.status, answer.body, url=self.server)
        return msgspec.json.decode(answer.body, type=_Fresh).token


def _address(server: str, place: str, token: str | None) -> Address:
    """As a token source wants it; the place is used for messages alone."""
    return Address(server, place.rpartition("/")[2] or None, token)
