"""A client of one OpenID Connect provider. Everything that it trusts comes from the configured issuer.

The issuer's discovery document names the endpoints and the keys; an identity token counts when one of those keys signed
it, for this client, not long ago. No address and no key is ever taken from a token.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import jwt
import msgspec
import requests

from runyard.errors import IdentityProviderUnavailable, TooManyRequests, Unauthenticated
from runyard.services.oidc_contracts import Claims, DeviceStart, Pending

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
SCOPES = ("openid", "profile", "email", "groups")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
NEEDED = ["iss", "sub", "aud", "exp", "iat"]
LEEWAY_S = 60
TIMEOUT_S = (5.0, 10.0)
LONGEST_BYTES = 1024 * 1024
REMEMBER_S = 3_600.0
KEYS_AGAIN_S = 30.0  # a key that is not known is looked for at most this often
CALLS_AT_ONCE = 4
CALLS_WAITING = 50
INTERVAL_S = 5

Json = dict[str, Any]
T = TypeVar("T")


class Discovery(msgspec.Struct, frozen=True):
    """What a provider says about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    scopes_supported: list[str] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class OidcProvider:
    """IdentityProvider over HTTP, in threads of its own.

    Args:
        issuer: its URL, https unless it is on this machine.
        client_secret: empty for a public client.
        groups_claim: lists a person's groups.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        groups_claim: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._groups_claim = groups_claim
        self._clock = clock
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="oidc")
        self._waiting = 0
        self._discovery: tuple[Discovery, float] | None = None
        self._keys: tuple[Mapping[str | None, jwt.PyJWK], float] | None = None

    async def authorization_url(self, parameters: Mapping[str, str]) -> str:
        """Where to send a browser."""
        found = await self._aside(self._discovered)
        more = {"client_id": self._client_id, "scope": _scope(found), **parameters}
        glue = "&" if urlsplit(found.authorization_endpoint).query else "?"
        return f"{found.authorization_endpoint}{glue}{urlencode(more)}"

    async def redeem_code(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> Claims:
        """Who logged in, from the code that the browser brought back."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }

        def work() -> Claims:
            status, answer = self._post(self._discovered().token_endpoint, fields)
            if status != 200:
                raise Unauthenticated(
                    f"The identity provider did not accept the login ({_reason(answer)}). Begin again."
                )
            return self._claims(answer, nonce)

        return await self._aside(work)

    async def start_device(self) -> DeviceStart:
        """Begin a login on another device."""
        return await self._aside(self._start_device)

    def _start_device(self) -> DeviceStart:
        found = self._discovered()
        if found.device_authorization_endpoint is None:
            raise Unauthenticated(
                "The identity provider knows no login on another device. Make an access token in the browser instead."
            )
        status, answer = self._post(found.device_authorization_endpoint, {"scope": _scope(found)})
        try:
            return DeviceStart(
                str(answer["device_code"]),
                str(answer["user_code"]),
                _web(answer["verification_uri"]),
                _web(answer["verification_uri_complete"]) if "verification_uri_complete" in answer else None,
                int(answer.get("interval", INTERVAL_S)),
                int(answer["expires_in"]),
            )
        except (KeyError, ValueError, TypeError):
            raise _unusable(f"it began no login on another device: {status} {_reason(answer)}") from None

    async def redeem_device(self, device_code: str) -> Claims | Pending:
        """Who logged in, or that nobody has yet."""
        fields = {"grant_type": DEVICE_GRANT, "device_code": device_code}

        def work() -> Claims | Pending:
            status, answer = self._post(self._discovered().token_endpoint, fields)
            if status == 200:
                return self._claims(answer, None)
            if answer.get("error") in ("authorization_pending", "slow_down"):
                return Pending(INTERVAL_S * (2 if answer["error"] == "slow_down" else 1))
            raise Unauthenticated(f"The login was not finished ({_reason(answer)}). Begin again.")

        return await self._aside(work)

    async def _aside(self, work: Callable[[], T]) -> T:
        if self._waiting >= CALLS_WAITING:
            raise TooManyRequests("Too many logins at the identity provider at once. Wait a moment.", 5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _discovered(self) -> Discovery:
        if self._discovery is not None and self._clock() - self._discovery[1] < REMEMBER_S:
            return self._discovery[0]
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        _, answer = self._request("GET", url)
        try:
            found = msgspec.convert(answer, Discovery)
        except msgspec.ValidationError as exc:
            raise _unusable(f"{url} is no discovery document: {exc}") from None
        if found.issuer != self.issuer:
            raise _unusable(f"{url} speaks for {found.issuer!r} and not for {self.issuer!r}")
        for endpoint in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._check_endpoint(endpoint)
        for more in filter(None, (found.userinfo_endpoint, found.device_authorization_endpoint)):
            self._check_endpoint(more)
        self._discovery = (found, self._clock())
        return found

    def _check_endpoint(self, url: str) -> None:
        scheme = urlsplit(url).scheme
        if scheme != "https" and not (scheme == "http" and self.issuer.startswith("http://")):
            raise _unusable(f"its endpoint {url} does not use https")

    def _claims(self, answer: Json, nonce: str | None) -> Claims:
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Unauthenticated("The identity provider gave no identity token. Begin again.")
        claims = self._checked(token, nonce)
        access_token = answer.get("access_token")
        endpoint = self._discovered().userinfo_endpoint
        if self._groups_claim not in claims and endpoint is not None and isinstance(access_token, str):
            _, more = self._request("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
            if more.get("sub") == claims["sub"]:
                claims = {**more, **claims}
        return self._person(claims)

    def _checked(self, token: str, nonce: str | None) -> Json:
        """The claims of an identity token that the provider signed for this client."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise jwt.InvalidAlgorithmError(f"{algorithm} is not accepted")
            claims: Json = jwt.decode(
                token,
                self._key(header.get("kid")).key,
                algorithms=[algorithm],
                audience=self._client_id,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": NEEDED},
            )
            several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
            if claims.get("azp", self._client_id if not several else None) != self._client_id:
                raise jwt.InvalidAudienceError("it was made for another client")
            if nonce is not None and claims.get("nonce") != nonce:
                raise jwt.InvalidTokenError("its nonce is not the one of this login")
            if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
                raise jwt.InvalidTokenError("it names nobody")
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
            raise Unauthenticated(
                f"The identity provider's token is not acceptable: {exc}. Begin again."
            ) from None
        return claims

    def _key(self, key_id: object) -> jwt.PyJWK:
        age_s = None if self._keys is None else self._clock() - self._keys[1]
        if self._keys is None or age_s is None or age_s > REMEMBER_S:
            self._keys = (self._fetch_keys(), self._clock())
        elif key_id not in self._keys[0] and age_s > KEYS_AGAIN_S:
            self._keys = (self._fetch_keys(), self._clock())
        keys = self._keys[0]
        if key_id is None and len(keys) == 1:
            return next(iter(keys.values()))
        found = keys.get(key_id) if isinstance(key_id, str) else None
        if found is None:
            raise jwt.InvalidKeyError("no key of the provider has its id")
        return found

    def _fetch_keys(self) -> Mapping[str | None, jwt.PyJWK]:
        _, answer = self._request("GET", self._discovered().jwks_uri)
        try:
            keys = jwt.PyJWKSet.from_dict(answer).keys
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as exc:
            raise _unusable(f"its keys cannot be read: {exc}") from None
        return {
            key.key_id: key for key in keys if key.key_type != "oct" and key.public_key_use in (None, "sig")
        }

    def _person(self, claims: Json) -> Claims:
        def text(*names: str) -> str:
            found = (claims.get(name) for name in names)
            return next((one for one in found if isinstance(one, str) and one), "").replace("\0", "")[:300]

        groups = claims.get(self._groups_claim)
        if isinstance(groups, str):
            groups = [groups]
        named = frozenset(one for one in groups if isinstance(one, str)) if isinstance(groups, list) else None
        email = "" if claims.get("email_verified") is False else text("email")
        name = text("preferred_username", "email", "name", "sub")
        return Claims(claims["sub"].replace("\0", ""), name, text("name"), email, named)

    def _post(self, url: str, fields: Mapping[str, str]) -> tuple[int, Json]:
        """A form, with who this client is."""
        ways = self._discovered().token_endpoint_auth_methods_supported
        if not self._client_secret:
            return self._request("POST", url, data={**fields, "client_id": self._client_id})
        if "client_secret_basic" in ways or "client_secret_post" not in ways:
            pair = (quote(self._client_id, safe=""), quote(self._client_secret, safe=""))
            return self._request("POST", url, data=fields, auth=pair)
        secret = {"client_id": self._client_id, "client_secret": self._client_secret}
        return self._request("POST", url, data={**fields, **secret})

    def _request(self, method: str, url: str, **more: Any) -> tuple[int, Json]:
        """Status and JSON object. Redirects are not followed.

        Raises: IdentityProviderUnavailable.
        """
        try:
            with (
                requests.Session() as session,
                session.request(
                    method, url, timeout=TIMEOUT_S, allow_redirects=False, stream=True, **more
                ) as answer,
            ):
                body = answer.raw.read(LONGEST_BYTES + 1, decode_content=True)
                status = answer.status_code
        except (requests.RequestException, OSError) as exc:
            raise _unusable(f"{url} does not answer: {type(exc).__name__}") from None
        if status >= 500 or len(body) > LONGEST_BYTES:
            raise _unusable(f"{url} answers with status {status}")
        try:
            return status, msgspec.json.decode(body, type=Json)
        except (msgspec.MsgspecError, RecursionError):
            raise _unusable(f"{url} does not answer with JSON") from None


def _scope(found: Discovery) -> str:
    known = found.scopes_supported
    return " ".join(
        scope for scope in SCOPES if scope == "openid" or (scope in known if known else scope != "groups")
    )


def _web(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise ValueError("no web address")
    return value


def _reason(answer: Json) -> str:
    return f"{answer.get('error', 'no reason')}: {answer.get('error_description', '')}"[:200].rstrip(": ")


def _unusable(reason: str) -> IdentityProviderUnavailable:
    return IdentityProviderUnavailable(
        f"The identity provider cannot be used: {reason}. Log in with a password or an access token."
    )
