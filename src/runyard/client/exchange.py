"""One request, one answer, over requests. Loaded at the first request: importing requests takes a while."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from runyard.client.addresses import is_loopback
from runyard.client.errors import ServerUnreachable
from runyard.errors import InvalidInput
from runyard.version import __version__

log = logging.getLogger("runyard.client")
CONNECT_S = 10.0
PIECE_BYTES = 256 * 1024
POOL = 16
CA_FILE = "RUNYARD_CA_FILE"
CA_FILES = (CA_FILE, "MLFLOW_TRACKING_SERVER_CERT_PATH")  # the first that is set counts
INSECURE = ("RUNYARD_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE_TLS")
CLIENT_CERTIFICATE = "MLFLOW_TRACKING_CLIENT_CERT_PATH"
TRUE = ("1", "true", "yes", "on")


class Exchange:
    """Sends requests to one server, from any thread; after a fork the child opens connections of its own.

    Args:
        timeout_s: longest silence of the server.
    """

    def __init__(self, server: str, timeout_s: float) -> None:
        self._server = server
        self._timeout = (CONNECT_S, timeout_s)
        self._verify = _verification()
        self._session: requests.Session | None = None
        self._pid = 0

    def send(
        self,
        method: str,
        url: str,
        *,
        token: str | None,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        body: Any = None,
    ) -> requests.Response:
        """The answer, whatever its status, its body unread.

        Raises: ServerUnreachable.
        """
        try:
            return self._opened().request(
                method,
                url,
                params=params,
                data=body,
                headers=headers,
                auth=_Bearer(token),
                stream=True,
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=method in ("GET", "HEAD"),
            )
        except requests.RequestException as exc:
            raise self._translated(exc) from exc

    def pieces(self, answer: requests.Response) -> Iterator[bytes]:
        """The body of an answer, piece by piece.

        Raises: ServerUnreachable, also if it ends early.
        """
        try:
            yield from answer.iter_content(PIECE_BYTES)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as exc:
            raise ServerUnreachable(
                f"The connection to {self._server} broke while an answer was read. Try again."
            ) from exc
        finally:
            answer.close()

    def _opened(self) -> requests.Session:
        """No lock, which a fork could leave locked: two threads that come at once open a session each, one is kept."""
        session = self._session
        if session is None or self._pid != os.getpid():
            session = self._session = _session(self._server)
            self._pid = os.getpid()
        return session

    def _translated(self, exc: requests.RequestException) -> ServerUnreachable | InvalidInput:
        """What to do about it, without what a library's text may repeat of the request."""
        if isinstance(exc, requests.exceptions.SSLError):
            return ServerUnreachable(
                f"The certificate of {self._server} is not trusted, or the server does not speak TLS. Set {CA_FILE} "
                "to the file of the authority's certificate.",
                lasting=True,
                maybe_done=False,
            )
        if isinstance(exc, requests.exceptions.ProxyError):
            return ServerUnreachable(
                f"The proxy in front of {self._server} does not answer. Check HTTPS_PROXY."
            )
        if isinstance(exc, requests.ConnectTimeout | requests.ConnectionError) and _refused(exc):
            return ServerUnreachable(
                f"No server answers at {self._server}. Start it with `runyard up`, or check the address "
                "(RUNYARD_SERVER, `--server`, or the tracking URI).",
                maybe_done=False,
            )
        if isinstance(exc, requests.Timeout):
            return ServerUnreachable(
                f"{self._server} did not answer within {self._timeout[1]:g} s. Try again."
            )
        if isinstance(exc, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
            return ServerUnreachable(f"The connection to {self._server} broke. Try again.")
        if isinstance(exc, requests.TooManyRedirects):
            return ServerUnreachable(
                f"{self._server} redirects in a circle. Check the address.", lasting=True
            )
        return InvalidInput(f"{self._server} is not an address that a request can be sent to. Check it.")


def _refused(exc: requests.RequestException) -> bool:
    """Whether no connection came about, so that nothing was sent."""
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(exc, requests.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )


class _Bearer(AuthBase):  # type: ignore[misc,unused-ignore]
    """Sets the token, or nothing; either way a .netrc is not asked."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Adapter(HTTPAdapter):  # type: ignore[misc,unused-ignore]
    """Files are sent in pieces larger than http.client's 16 KiB."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, blocksize=PIECE_BYTES, **options)


def _session(server: str) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"runyard/{__version__}"
    session.trust_env = not is_loopback(urlsplit(server).hostname)  # no proxy between here and here
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.cert = os.environ.get(CLIENT_CERTIFICATE) or None
    adapter = _Adapter(pool_connections=2, pool_maxsize=POOL)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _verification() -> bool | str | None:
    """What certificates are checked against; None leaves it to requests, which knows REQUESTS_CA_BUNDLE."""
    for name in INSECURE:
        if os.environ.get(name, "").strip().lower() in TRUE:
            log.warning("%s is set: certificates of servers are not checked.", name)
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            return False
    for name in CA_FILES:
        path = os.environ.get(name)
        if path:
            if not os.path.exists(path):
                raise InvalidInput(f"{name} names {path!r}, which is no file.")
            return path
    return None
