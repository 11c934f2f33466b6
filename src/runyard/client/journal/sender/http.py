"""One connection to a server over the standard library's HTTP: it loads in a fraction of what requests takes."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from runyard.client.addresses import is_loopback
from runyard.client.errors import ServerUnreachable
from runyard.client.journal.settings import CA_FILES, CLIENT_CERTIFICATE
from runyard.errors import InvalidInput
from runyard.version import __version__

CONNECT_S = 10.0
ANSWER_BYTES = 16 * 1024 * 1024
INSECURE = ("RUNYARD_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE_TLS")
TRUE = ("1", "true", "yes", "on")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_GONE = (ConnectionError, http.client.RemoteDisconnected)


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes
    retry_after_s: float | None
    location: str | None = None


class Wire:
    """A connection that is kept open; for one thread at a time.

    Proxies and certificates are those that requests would use.

    Args:
        server: base URL.
        certificates: a file of authorities to trust where no variable names one.
    """

    def __init__(self, server: str, certificates: str | None = None) -> None:
        self._server = server
        self._parts = urlsplit(server)
        self._certificates = certificates
        self._connection: http.client.HTTPConnection | None = None
        self._path = self._parts.path.rstrip("/")
        self._prefix = ""  # of paths, where a proxy wants whole URLs
        self._for_proxy: dict[str, str] = {}
        self._used = False

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] = b"",
        *,
        size: int | None = None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Answer:
        """Send a request, and wait for the answer.

        Args:
            path: below the server's base URL, percent-encoded.
            body: bytes; or pieces of a file, with `size`.
            timeout_s: longest silence.
        Raises: ServerUnreachable; InvalidInput, for certificates that are not there; OSError from reading the pieces comes as it is.
        """
        again = self._used and isinstance(body, bytes)  # the server may have closed it meanwhile
        try:
            return self._asked(method, path, body, size, headers, timeout_s)
        except _GONE as exc:
            self.close()
            if not again:
                raise self._broken(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise self._broken(exc) from exc
        except BaseException:
            self.close()
            raise
        try:
            return self._asked(method, path, body, size, headers, timeout_s)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise self._broken(exc) from exc

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection, self._used = self._connection, None, False
        if connection is not None:
            connection.close()

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes],
        size: int | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Answer:
        connection = self._opened()
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        connection.putrequest(method, self._prefix + self._path + path, skip_accept_encoding=True)
        length = len(body) if isinstance(body, bytes) else size
        for name, value in {
            "User-Agent": f"runyard/{__version__}",
            "Content-Length": str(length),
            **self._for_proxy,
            **headers,
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.suppress(ConnectionError):  # it may have answered before it read everything
            for piece in (body,) if isinstance(body, bytes) else _from_a_file(body):
                if piece:
                    connection.send(piece)
        found = connection.getresponse()
        content = found.read(ANSWER_BYTES)
        after = found.getheader("Retry-After", "").strip()
        if found.will_close or not found.isclosed():
            self.close()
        else:
            self._used = True
        return Answer(
            found.status, content, float(after) if after.isdecimal() else None, found.getheader("Location")
        )

    def _opened(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = self._made()
            self._connection.connect()
        return self._connection

    def _made(self) -> http.client.HTTPConnection:
        tls = self._parts.scheme == "https"
        host, port = self._parts.hostname or "", self._parts.port
        proxy = proxy_for(self._parts.scheme, host, port)
        if proxy is None:
            return self._direct(host, port, tls)
        there = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        headers = {}
        if there.username:
            pair = f"{unquote(there.username)}:{unquote(there.password or '')}"
            coded = importlib.import_module("base64").b64encode(pair.encode()).decode()
            headers["Proxy-Authorization"] = f"Basic {coded}"
        if tls:
            found = self._direct(there.hostname or "", there.port or 3128, tls=True)
            found.set_tunnel(host, port or 443, headers)
            return found
        self._for_proxy = headers
        self._prefix = f"{self._parts.scheme}://{self._parts.netloc}"
        return http.client.HTTPConnection(there.hostname or "", there.port or 80, timeout=CONNECT_S)

    def _direct(self, host: str, port: int | None, tls: bool) -> http.client.HTTPConnection:
        if not tls:
            return http.client.HTTPConnection(host, port, timeout=CONNECT_S)
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_S, context=trusted(self._certificates))

    def _broken(self, exc: BaseException) -> ServerUnreachable:
        """What to do about it."""
        if isinstance(exc, _FileTrouble):
            raise exc.cause
        if isinstance(exc, ssl.SSLCertVerificationError | ssl.SSLError):
            return ServerUnreachable(
                f"The certificate of {self._server} is not trusted, or the server does not speak TLS. Set "
                f"{CA_FILES[0]} to the file of the authority's certificate."
            )
        if isinstance(exc, ConnectionRefusedError):
            return ServerUnreachable(f"No server answers at {self._server}.")
        if isinstance(exc, TimeoutError):
            return ServerUnreachable(f"{self._server} did not answer in time.")
        return ServerUnreachable(f"The connection to {self._server} broke ({exc or type(exc).__name__}).")


class _FileTrouble(OSError):
    """What is uploaded cannot be read."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _from_a_file(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except OSError as exc:
        raise _FileTrouble(exc) from exc


def proxy_for(scheme: str, host: str, port: int | None) -> str | None:
    """The proxy of the environment for a host; none between here and here."""
    if is_loopback(host) or not any(os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES):
        return None
    found: Any = importlib.import_module("urllib.request")
    proxies = found.getproxies_environment()
    if found.proxy_bypass_environment(f"{host}:{port}" if port else host, proxies):
        return None
    chosen: str | None = proxies.get(scheme) or proxies.get("all")
    return chosen


def trusted(certificates: str | None) -> ssl.SSLContext:
    """What certificates are checked against.

    Raises: InvalidInput, if a variable names a file that is not there.
    """
    if any(os.environ.get(name, "").strip().lower() in TRUE for name in INSECURE):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        named = next((name for name in CA_FILES if os.environ.get(name)), "")
        file = os.environ[named] if named else certificates
        if named and not os.path.exists(os.environ[named]):
            raise InvalidInput(f"{named} names {file!r}, which is no file.")
        folder = file if file and os.path.isdir(file) else None
        context = ssl.create_default_context(cafile=None if folder else file, capath=folder)
    own = os.environ.get(CLIENT_CERTIFICATE)
    if own:
        context.load_cert_chain(own)
    return context
