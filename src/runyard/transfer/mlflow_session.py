"""How requests reach an MLflow server: credentials, certificates and the workspace, from the address and MLflow's own
environment variables."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from runyard.transfer.source import SourceFault

DEFAULT = "default"
TIMEOUT_S = 120
WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE"


class MlflowSession(requests.Session):
    """Trusts what MLflow's client would trust, whatever REQUESTS_CA_BUNDLE says."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As requests has it."""
        if self.verify is not True:
            kwargs.setdefault("verify", self.verify)
        return super().request(*args, **kwargs)


def open_session(url: str) -> tuple[str, requests.Session]:
    """The server's address without credentials, and a session that sends them.

    They come from the URL, else from MLFLOW_TRACKING_TOKEN, else MLFLOW_TRACKING_USERNAME and _PASSWORD.
    MLFLOW_TRACKING_SERVER_CERT_PATH, _INSECURE_TLS and _CLIENT_CERT_PATH count, too.
    """
    parts = urlsplit(url)
    session = MlflowSession()
    retry = Retry(
        total=4,
        connect=2,
        other=0,  # certificates among it
        backoff_factor=0.5,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=None,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if not user:
        user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
    if user:
        session.auth = (user, password)
    elif token:
        session.headers["Authorization"] = f"Bearer {token}"
    session.verify = _trusted()
    session.cert = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}", session


def _trusted() -> bool | str:
    """What certificates are checked against. Raises: SourceFault."""
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        return False
    path = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or ""
    if path and not os.path.exists(path):
        raise SourceFault(f"MLFLOW_TRACKING_SERVER_CERT_PATH names {path}, which is not there.")
    return path or True


def enter_workspace(server: str, session: requests.Session, name: str) -> None:
    """Ask for one of a server's workspaces from now on.

    Raises: SourceFault, when the server has none, or none of that name.
    """
    if name == DEFAULT:
        return
    api = f"{server}/api/3.0/mlflow"
    try:
        info = session.get(f"{api}/server-info", timeout=TIMEOUT_S)
        told = info.json() if info.status_code == 200 else {}
        if not (isinstance(told, dict) and told.get("workspaces_enabled")):
            raise SourceFault(f"{server} has no workspaces. Leave --source-workspace out.")
        session.headers[WORKSPACE_HEADER] = name
        status = session.get(f"{api}/workspaces/{quote(name, safe='')}", timeout=TIMEOUT_S).status_code
    except (requests.RequestException, ValueError) as exc:
        raise SourceFault(f"{server} does not answer: {str(exc)[:300]}") from None
    if status == 404:
        raise SourceFault(f"{server} has no workspace {name!r}, or it is not yours to see.")
