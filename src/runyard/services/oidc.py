"""Logging in at an OpenID Connect provider: authorization code with PKCE for browsers, device code for programs.

Nothing is remembered here between the steps: what a later step needs travels with the client, encrypted, so that any
server process can take it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from runyard.errors import InvalidInput, Unauthenticated
from runyard.services.access_tokens import LIFE_S, MadeToken, check_token_name
from runyard.services.audit import AuditTrail
from runyard.services.login import LoginService
from runyard.services.oidc_contracts import DeviceStart, IdentityProvider, Pending
from runyard.services.oidc_people import OidcPeople

STATE_LIFE_S = 600
DEVICE_LIFE_S = 1_800
LONGEST_NEXT = 2_000
_NEXT = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # a path here: no other host, no blanks, no backslashes


class BrowserState(msgspec.Struct, frozen=True):
    """What a browser keeps, encrypted, while it is at the provider."""

    state: str
    nonce: str
    verifier: str
    next: str
    redirect_uri: str


class BrowserStart(msgspec.Struct, frozen=True):
    """Where to send the browser, and what it is to keep."""

    url: str
    kept: str


class OidcLogin:
    """The rules of both ways.

    Args:
        key: the server's secret; a key of this purpose alone is derived from it.
    """

    def __init__(
        self,
        provider: IdentityProvider,
        people: OidcPeople,
        login: LoginService,
        trail: AuditTrail,
        key: bytes,
    ) -> None:
        self._provider = provider
        self._people = people
        self._login = login
        self._trail = trail
        purpose = hmac.digest(key, b"runyard login at a provider", hashlib.sha256)
        self._box = Fernet(base64.urlsafe_b64encode(purpose))

    async def start_browser(self, next_path: str, redirect_uri: str) -> BrowserStart:
        """Begin in a browser.

        Args:
            next_path: where the browser goes in the end; anything but a path of this server is refused.
        Raises: InvalidInput.
        """
        if len(next_path) > LONGEST_NEXT or not _NEXT.fullmatch(next_path):
            raise InvalidInput("next must be a path of this server, such as /studio.")
        verifier = secrets.token_urlsafe(48)
        kept = BrowserState(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), verifier, next_path, redirect_uri
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        url = await self._provider.authorization_url(
            {
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "state": kept.state,
                "nonce": kept.nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        return BrowserStart(url, self._box.encrypt(msgspec.json.encode(kept)).decode())

    async def finish_browser(
        self, kept: str | None, answer: Mapping[str, str], remote: str, *, before: str
    ) -> tuple[MadeToken, str]:
        """The session of who came back from the provider, and where they go.

        Args:
            kept: what `start_browser` gave the same browser.
            answer: the parameters that the provider sent along.
            before: secret of the session that the browser had, which ends.
        Raises: Unauthenticated.
        """
        state = self._opened(kept)
        if state is None or not hmac.compare_digest(state.state.encode(), answer.get("state", "").encode()):
            raise Unauthenticated("This login was not begun in this browser, or too long ago. Begin again.")
        if "code" not in answer:
            said = str(answer.get("error", ""))[:100]
            refusal = Unauthenticated(f"The identity provider did not log you in ({said}). Begin again.")
            await self._trail.note_login("", "oidc", refusal, remote)
            raise refusal
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise Unauthenticated("That answer comes from another identity provider. Begin again.")
        try:
            claims = await self._provider.redeem_code(
                answer["code"], state.redirect_uri, state.verifier, state.nonce
            )
            principal = await self._people.known(claims, remote)
        except Unauthenticated as exc:
            await self._trail.note_login("", "oidc", exc, remote)
            raise
        return await self._login.session(principal, "oidc", remote, before=before), state.next

    async def start_device(self) -> tuple[DeviceStart, str]:
        """Begin on another device; the text is the handle to ask with."""
        started = await self._provider.start_device()
        return started, self._box.encrypt(started.device_code.encode()).decode()

    async def finish_device(self, handle: str, token_name: str, remote: str) -> MadeToken | Pending:
        """The token of who logged in on another device, once they did.

        Raises: InvalidInput for a handle that is not ours or too old; Unauthenticated.
        """
        check_token_name(token_name)
        try:
            device_code = self._box.decrypt(handle.encode(), DEVICE_LIFE_S).decode()
        except (InvalidToken, ValueError):
            raise InvalidInput(
                "The handle was not made by this server, or is too old. Begin again."
            ) from None
        try:
            found = await self._provider.redeem_device(device_code)
            if isinstance(found, Pending):
                return found
            principal = await self._people.known(found, remote)
        except Unauthenticated as exc:
            await self._trail.note_login("", "device", exc, remote)
            raise
        return await self._login.for_program(principal, "device", remote, token_name, LIFE_S)

    def _opened(self, kept: str | None) -> BrowserState | None:
        try:
            plain = self._box.decrypt((kept or "").encode(), STATE_LIFE_S)
            return msgspec.json.decode(plain, type=BrowserState)
        except (InvalidToken, ValueError, msgspec.MsgspecError):
            return None
