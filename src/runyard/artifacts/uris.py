"""Artifact URIs, parsed once into values; what is not on the list of known forms is refused.

mlflow-artifacts:/0/<run>/artifacts/model     through this server
runs:/<run id>/model                          relative to a run
models:/m-<32 hex>/x, models:/name/3, models:/name@alias, models:/name/Stage
s3:// az:// abfss:// wasbs:// gs:// file:     where a datastore is, or what lies below one
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runyard.artifacts import paths
from runyard.errors import InvalidInput

STORAGE_SCHEMES = ("file", "s3", "az", "abfs", "abfss", "wasb", "wasbs", "gs")
PROXY_SCHEME = "mlflow-artifacts"
KNOWN_SCHEMES = (PROXY_SCHEME, "runs", "models", *STORAGE_SCHEMES)

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<authority>[^/]*))?(?P<path>.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,220}[A-Za-z0-9])?|\$root|\$web")
_AZURE_HOST = re.compile(
    r"(?P<container>[a-z0-9$][a-z0-9-]{1,62})@(?P<account>[a-z0-9]{3,24})\.(?:dfs|blob)\.[a-z0-9.-]+"
)
_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MODEL = re.compile(r"m-[A-Za-z0-9_-]{1,62}")


@dataclass(frozen=True, slots=True)
class ProxiedUri:
    """`mlflow-artifacts:/path`: a path below this server's datastore."""

    path: str

    def __str__(self) -> str:
        return f"{PROXY_SCHEME}:/{self.path}"


@dataclass(frozen=True, slots=True)
class RunUri:
    """`runs:/run_id/path`: relative to the artifact root of a run."""

    run_id: str
    path: str


@dataclass(frozen=True, slots=True)
class LoggedModelUri:
    """`models:/m-…/path`: relative to the artifact root of a logged model."""

    model_id: str
    path: str


@dataclass(frozen=True, slots=True)
class RegisteredModelUri:
    """`models:/name/version`, `models:/name/stage` or `models:/name@alias`; exactly one of the two is set."""

    name: str
    version_or_stage: str | None
    alias: str | None


@dataclass(frozen=True, slots=True)
class StorageUri:
    """A location in a storage system. `account` is Azure's, `bucket` empty for files; `path` has no leading slash."""

    scheme: str
    bucket: str
    account: str | None
    path: str

    def below(self, root: StorageUri) -> str | None:
        """The path relative to `root`, or None when this does not lie in it. Both paths are clean."""
        if (self.scheme, self.bucket) != (root.scheme, root.bucket):
            return None
        if self.account and root.account and self.account != root.account:
            return None
        if not root.path:
            return self.path
        if self.path == root.path:
            return ""
        return self.path.removeprefix(f"{root.path}/") if self.path.startswith(f"{root.path}/") else None


ArtifactUri = ProxiedUri | RunUri | LoggedModelUri | RegisteredModelUri | StorageUri


def parse_artifact_uri(text: str) -> ArtifactUri:
    """Parse a URI that a client sent.

    Raises: InvalidInput for an unknown scheme, a host where none belongs, user names, queries, fragments,
        parameters, and whatever `paths.clean_path` refuses.
    """
    found = _URI.fullmatch(text)
    if found is None:
        raise _invalid(text, f"it has no scheme; known are {', '.join(KNOWN_SCHEMES)}")
    scheme, authority, rest = found["scheme"], found["authority"], found["path"]
    if scheme not in KNOWN_SCHEMES:
        raise _invalid(text, f"its scheme is not one of {', '.join(KNOWN_SCHEMES)}")
    if any(mark in rest for mark in "?#;"):
        raise _invalid(
            text, "it holds a query, a fragment or parameters; percent-encode '?', '#' and ';' in names"
        )
    if scheme in STORAGE_SCHEMES:
        return _storage_uri(text, scheme, authority, rest)
    if authority:
        raise _invalid(text, f"{scheme}: takes no host; write {scheme}:/…")
    path = _decoded(text, rest)
    if scheme == PROXY_SCHEME:
        return ProxiedUri(path)
    return _run_uri(text, path) if scheme == "runs" else _model_uri(text, path)


def check_location(text: str) -> None:
    """Check where a client wants the artifacts of an experiment: a proxied or a storage URI, or an absolute path.

    It is only kept and handed out again; the server reads and writes nothing outside its own datastore.

    Raises: InvalidInput.
    """
    if text.startswith("/"):
        _decoded(text, text)
    elif not isinstance(parse_artifact_uri(text), ProxiedUri | StorageUri):
        raise _invalid(text, "artifacts are kept below mlflow-artifacts:/ or in a storage system")


def parse_storage_location(text: str) -> StorageUri:
    """Parse where a datastore is: a URL of a known storage scheme, or a plain directory.

    Raises: InvalidInput.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        return StorageUri("file", "", None, text)
    uri = parse_artifact_uri(text)
    if not isinstance(uri, StorageUri):
        raise _invalid(
            text, f"a datastore is a directory or one of {', '.join(f'{s}:' for s in STORAGE_SCHEMES)}"
        )
    return uri


def _storage_uri(text: str, scheme: str, authority: str | None, rest: str) -> StorageUri:
    path = _decoded(text, rest.rstrip("/") if scheme == "file" else rest.removesuffix("/"))
    if scheme == "file":
        if authority:
            raise _invalid(text, "file: takes no host; write file:/…")
        if not rest.startswith("/"):
            raise _invalid(text, "file: needs an absolute path")
        return StorageUri("file", "", None, f"/{path}")
    if scheme in ("s3", "gs", "az"):
        if authority is None or not _BUCKET.fullmatch(authority):
            raise _invalid(text, f"write {scheme}://bucket/prefix, the bucket without user or port")
        return StorageUri(scheme, authority, None, path)
    host = _AZURE_HOST.fullmatch(authority or "")
    if host is None:
        raise _invalid(text, f"write {scheme}://container@account.dfs.core.windows.net/prefix")
    return StorageUri("az", host["container"], host["account"], path)


def _run_uri(text: str, path: str) -> RunUri:
    run_id, _, rest = path.partition("/")
    if not _RUN.fullmatch(run_id):
        raise _invalid(text, "write runs:/<run id>/<path>")
    return RunUri(run_id, rest)


def _model_uri(text: str, path: str) -> LoggedModelUri | RegisteredModelUri:
    first, _, rest = path.partition("/")
    if _MODEL.fullmatch(first):
        return LoggedModelUri(first, rest)
    name, at, alias = first.rpartition("@")
    if at and name and alias and not rest:
        return RegisteredModelUri(name, None, alias)
    if first and rest and "/" not in rest:
        return RegisteredModelUri(first, rest, None)
    raise _invalid(
        text, "write models:/<model id>/<path>, models:/<name>/<version> or models:/<name>@<alias>"
    )


def _decoded(text: str, rest: str) -> str:
    if rest.startswith("//"):
        raise _invalid(text, "it holds an empty component")
    return paths.decode_path(rest.removeprefix("/"))


def _invalid(text: str, reason: str) -> InvalidInput:
    return InvalidInput(f"Invalid artifact URI {paths.shortened(text)}: {reason}.")
