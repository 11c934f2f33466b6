"""Files of a source that lie in an object store. Importing this loads the object-store library.

Address, credentials and certificates come from the variables that MLflow and its object stores' clients read.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store, from_url

from runyard.artifacts.cloud.client import RETRIES, client_options
from runyard.transfer.listed import Pieces, safe_name
from runyard.transfer.source import SourceFault, SourceFile

S3 = ("s3", "s3a")
KEYS = ("access_key_id", "secret_access_key", "session_token")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL")
METADATA = "http://169.254.169.254"  # where machines of a cloud get theirs
_BLOB_HOST = ".blob.core.windows.net"
NO_ANSWER = "no answer"


class CloudFiles:
    """Buckets that were opened, and why those failed that do not answer: they are not asked again for each record."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._stores: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

    def files(self, place: str) -> Iterator[SourceFile]:
        """All objects below a URL. Raises: SourceFault."""
        bucket, path = _split(place)
        if bucket.endswith("//"):
            raise SourceFault(f"{place[:200]!r} names no bucket.")
        if bucket in self._failed:
            raise SourceFault(self._failed[bucket])
        try:
            store = self._store(bucket)
            for chunk in obstore.list(store, prefix=path or None):
                for info in chunk:
                    if info["size"] or _is_there(store, info["path"]):
                        name = safe_name(_below(path, info["path"]), place)
                        yield SourceFile(name, int(info["size"]), self._opener(bucket, info["path"]))
        except (OSError, ValueError, obstore.exceptions.BaseError) as exc:
            raise self._fault(bucket, exc) from None

    def _store(self, bucket: str) -> Any:
        found = self._stores.get(bucket)
        if found is None:
            found = self._stores[bucket] = open_bucket(bucket, self._environment)
        return found

    def _opener(self, bucket: str, path: str) -> Callable[[], contextlib.AbstractContextManager[BinaryIO]]:
        @contextlib.contextmanager
        def opened() -> Iterator[BinaryIO]:
            try:
                yield cast(BinaryIO, Pieces(iter(obstore.get(self._store(bucket), path))))
            except (OSError, obstore.exceptions.BaseError) as exc:
                raise self._fault(bucket, exc) from None

        return opened

    def _fault(self, bucket: str, exc: Exception) -> SourceFault:
        text = f"The files in {bucket} cannot be read: {reason(exc)}"
        if NO_ANSWER in text:  # which took many tries
            self._failed[bucket] = text
        return SourceFault(text)


def open_bucket(bucket: str, environment: Mapping[str, str]) -> Any:
    """The store of a bucket's URL. Raises: ValueError and obstore's errors for what is none."""
    scheme, _, name = bucket.partition("://")
    if scheme not in S3:
        return from_url(bucket, client_options=client_options(None, None), retry_config=RETRIES)
    endpoint = next((environment[one] for one in ENDPOINTS if environment.get(one)), "")
    options = client_options(endpoint, None)
    if environment.get("MLFLOW_S3_IGNORE_TLS", "").lower() in ("true", "1"):
        options["allow_invalid_certificates"] = True
    if authority := environment.get("AWS_CA_BUNDLE"):
        options["root_certificate"] = Path(authority).read_bytes()
    config: Any = _credentials(environment)
    config["region"] = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    if endpoint:
        config["endpoint"] = endpoint.rstrip("/")
    return S3Store(name, config=config, client_options=options, retry_config=RETRIES)


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Of the environment, else of ~/.aws/credentials, which the library does not read; else it looks for others itself."""
    if environment.get("AWS_ACCESS_KEY_ID"):
        found = {
            name.lower(): value for name, value in environment.items() if name.upper().startswith("AWS_")
        }
    else:
        home = Path(environment.get("HOME") or Path.home())
        path = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials")
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
            found = dict(parser[environment.get("AWS_PROFILE") or "default"])
        except (configparser.Error, KeyError, OSError, UnicodeDecodeError):
            return {}
    return {name: found[f"aws_{name}"] for name in KEYS if found.get(f"aws_{name}")}


def reason(exc: Exception) -> str:
    """What failed, in a line: the library adds what it thought, and how often it tried."""
    text = str(exc).split("\n\nDebug source:")[0].strip()
    status = re.search(r"non-2xx status code: (\d+ [A-Za-z ]+)", text)
    code = re.search(r"<Code>([A-Za-z]{1,60})</Code>", text)
    address = re.search(r"\b(?:GET|PUT|HEAD|POST) (https?://[^/\s]+)", text)
    if address and address[1] == METADATA:
        return "there are no credentials. Set those of the object store, for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    where = f" from {address[1]}" if address else ""
    if status:
        return f"{status[1].strip()}{f' ({code[1]})' if code else ''}{where}."
    if address:
        return f"{NO_ANSWER}{where}. Is it the right address, and are the credentials set?"
    return " ".join(text.split())[:300]


def _split(place: str) -> tuple[str, str]:
    """The URL of the bucket, and the path in it as it stands: MLflow decodes nothing in it."""
    parts = urlsplit(place)
    scheme, host, path = parts.scheme.lower(), parts.netloc, place.partition("://")[2].partition("/")[2]
    if scheme in ("wasb", "wasbs"):  # the library knows the same account by another name
        container, _, account = host.partition("@")
        scheme, host = "abfss", f"{container}@{account.removesuffix(_BLOB_HOST)}.dfs.core.windows.net"
    return f"{'gs' if scheme == 'gcs' else scheme}://{host}", path.strip("/")


def _is_there(store: Any, path: str) -> bool:
    """Not so for an empty object whose name ends with a slash, which stands for a folder and is listed without it."""
    try:
        obstore.head(store, path)
    except FileNotFoundError:
        return False
    return True


def _below(directory: str, path: str) -> str:
    return path[len(directory) + 1 :] if directory and path.startswith(f"{directory}/") else path
