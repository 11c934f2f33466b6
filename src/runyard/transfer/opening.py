"""From what a person types to a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

from runyard.transfer.artifacts import Places
from runyard.transfer.mlflow_database import MlflowDatabase
from runyard.transfer.mlflow_files import MlflowFiles
from runyard.transfer.mlflow_server import MlflowServer
from runyard.transfer.mlflow_session import DEFAULT, WORKSPACE_HEADER, enter_workspace, open_session
from runyard.transfer.source import Source, SourceFault
from runyard.transfer.sql_reader import sqlite_path

DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb")


def open_mlflow(
    text: str,
    *,
    artifact_dirs: Sequence[Path] = (),
    proxied: str | None = None,
    workspace: str = DEFAULT,
) -> Source:
    """The source that a directory, a database's URL or a server's URL names.

    Args:
        artifact_dirs: directories beside the source's own from which files may be read.
        proxied: what mlflow-artifacts: stands for; a server serves its own.
        workspace: of MLflow, in databases and on servers that have several.
    Raises: SourceFault.
    """
    scheme = urlsplit(text).scheme.partition("+")[0].lower() if ":" in text else ""
    if scheme in ("http", "https"):
        server, session = open_session(text)
        enter_workspace(server, session, workspace)
        return MlflowServer(
            server, session, Places(artifact_dirs, proxied or server, session=session), workspace
        )
    if scheme in DATABASES:
        own = [sqlite_path(text).resolve().parent] if scheme == "sqlite" else []
        base = own[0] if own else None
        places = Places([*own, *artifact_dirs], proxied, base, _of_proxy(proxied, workspace))
        return MlflowDatabase(text, places, workspace)
    if workspace != DEFAULT:
        raise SourceFault("A directory of MLflow holds no workspaces. Leave --source-workspace out.")
    root = Path(urlsplit(text).path if scheme == "file" else text).expanduser()
    return MlflowFiles(root, Places([root, *artifact_dirs], proxied, root.parent))


def _of_proxy(proxied: str | None, workspace: str) -> requests.Session | None:
    """What asks the server that mlflow-artifacts: stands for."""
    if not (proxied and proxied.startswith("http")):
        return None
    session = open_session(proxied)[1]
    if workspace != DEFAULT:
        session.headers[WORKSPACE_HEADER] = workspace
    return session
