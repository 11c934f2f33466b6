"""Addresses of workspaces: tracking URIs taken apart and put together."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from runyard.errors import InvalidInput

OWN_SCHEMES = ("runyard", "azureml", "adbazureml")
PROVIDER = "Microsoft.MachineLearningServices"
DEFAULT_SERVER = "http://127.0.0.1:5000"
EXAMPLE = "runyard://127.0.0.1:5000/workspaces/NAME"
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?")
_PLACE = re.compile(
    r"(?P<prefix>.*?)(?:/(?:mlflow|history)/v[\d.]+)?"
    r"(?:/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)(?:/providers/[^/]+)?)?"
    r"/workspaces/(?P<workspace>[^/]+)/?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Address:
    """Where a workspace is. `repr` never shows the token.

    Attributes:
        server: http(s)://host:port, with the path in front of the server where a proxy adds one; no slash at the end.
        workspace: its name; None is the server's default workspace.
        token: the credential that the URI carries.
        subscription, group: where the workspace lies, as far as the URI says it.
    """

    server: str
    workspace: str | None = None
    token: str | None = None
    subscription: str | None = None
    group: str | None = None

    def __repr__(self) -> str:
        return f"Address({self.base_url!r})"

    @property
    def place(self) -> str | None:
        """The workspace as `Connection` takes it: NAME, or SUBSCRIPTION/GROUP/NAME; None is the default one."""
        if self.workspace and self.subscription and self.group:
            return f"{self.subscription}/{self.group}/{self.workspace}"
        return self.workspace

    @property
    def base_url(self) -> str:
        """What comes before `/api/…`. Plain MLflow takes it as a tracking URI."""
        return self.server + base_path(self.place)

    def without_token(self) -> Address:
        """The same place."""
        return replace(self, token=None)


def base_path(place: str | None) -> str:
    """The path of a workspace: NAME, or SUBSCRIPTION/GROUP/NAME; empty for the default one."""
    if not place:
        return ""
    parts = [quote(part, safe="") for part in place.split("/")]
    if len(parts) == 1:
        return f"/workspaces/{parts[0]}"
    if len(parts) == 3:
        return f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}/workspaces/{parts[2]}"
    raise InvalidInput(f"{place!r} is not a workspace. Give its name, or subscription/group/name.")


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine, told without asking the network."""
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_server(text: str) -> str:
    """A server's address as it is kept: http(s)://host:port, no slash at the end. Without a scheme one is chosen.

    Raises: InvalidInput.
    """
    return parse_tracking_uri(text if "://" in text else f"runyard://{text}").server


def parse_tracking_uri(uri: str) -> Address:
    """Where a tracking URI leads.

    runyard:// and the compatible azureml:// and adbazureml:// mean http on a loopback host and https elsewhere; `tls=on`
    or `tls=off` in the query says otherwise.

    Raises: InvalidInput, never showing a credential.
    """
    try:
        parts = urlsplit(uri.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput(f"A tracking URI cannot be read; it looks like {EXAMPLE}.") from None
    if parts.scheme not in (*OWN_SCHEMES, "http", "https") or not host:
        raise InvalidInput(f"{_plain(uri)!r} is no address of a workspace; it looks like {_example(uri)}.")
    query = parse_qs(parts.query)
    scheme = (
        parts.scheme if parts.scheme.startswith("http") else _http_scheme(host, query.get("tls", [""])[0])
    )
    netloc = f"[{host}]" if ":" in host else host
    server = f"{scheme}://{netloc}" + (f":{port}" if port is not None else "")
    token = query.get("auth", [""])[0] or unquote(parts.password or "") or None
    found = _PLACE.fullmatch(parts.path)
    if found is None:
        if parts.path.strip("/") and not parts.scheme.startswith("http"):
            raise InvalidInput(f"{_plain(uri)!r} names no workspace; it looks like {_example(uri)}.")
        return Address(server + parts.path.rstrip("/"), None, token)
    subscription, group, workspace = (
        unquote(found[name]) if found[name] else None for name in ("subscription", "group", "workspace")
    )
    return Address(server + found["prefix"].rstrip("/"), workspace, token, subscription, group)


def tracking_uri(address: Address, scheme: str = "runyard") -> str:
    """The tracking URI of an address, its token included.

    Args:
        scheme: runyard; azureml or adbazureml as Azure ML writes them (subscription and group are then part of it);
            http for the plain base URL, which has no place for a token.
    """
    if scheme in ("http", "https"):
        return address.base_url
    parts = urlsplit(address.server)
    path = base_path(address.place)
    if scheme != "runyard":
        scope = (
            address.subscription or "default",
            address.group or "default",
            address.workspace or "default",
        )
        subscription, group, workspace = (quote(part, safe="") for part in scope)
        path = (
            f"/history/v1.0/subscriptions/{subscription}/resourceGroups/{group}"
            f"/providers/{PROVIDER}/workspaces/{workspace}"
        )
    query = {"auth": address.token} if address.token else {}
    if parts.scheme != _http_scheme(parts.hostname, ""):
        query["tls"] = "on" if parts.scheme == "https" else "off"
    return f"{scheme}://{parts.netloc}{parts.path}{path}" + (f"?{urlencode(query)}" if query else "")


def _http_scheme(host: str | None, tls: str) -> str:
    if tls not in ("", "on", "off"):
        raise InvalidInput(f"tls={tls!r} in a tracking URI is neither on nor off.")
    return "http" if tls == "off" or (not tls and is_loopback(host)) else "https"


def _example(uri: str) -> str:
    """What the URI should have been, with the server that is in it."""
    host = _plain(uri).partition("://")[2].partition("/")[0]
    return EXAMPLE.replace("127.0.0.1:5000", host) if _HOST.fullmatch(host) else EXAMPLE


def _plain(uri: str) -> str:
    """A URI without what may be a credential in it."""
    rest = uri.partition("?")[0].partition("#")[0]
    head, mark, tail = rest.partition("://")
    return f"{head}{mark}{tail.rpartition('@')[2]}" if mark else rest.rpartition("@")[2]
