"""Azurite, Microsoft's local Azure Blob server, on a loopback port.

Needs node and the npm package that `scripts/install-components` puts below `.cache/components`.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hmac
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.components.processes import accepts, free_ports, running, wait_until

_VERSION = "2021-08-06"
_SCRIPT = Path("node_modules/azurite/dist/src/blob/main.js")


@dataclass(frozen=True, slots=True)
class BlobServer:
    """Address and key of a running server."""

    url: str
    account: str
    key: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the datastore finds this server."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": self.account,
            "AZURE_STORAGE_ACCOUNT_KEY": self.key,
            "AZURE_STORAGE_ENDPOINT": self.url,
        }

    def create_container(self, container: str) -> None:
        """Make an empty container, by a request signed with the account's key."""
        date = email.utils.formatdate(usegmt=True)
        signed = f"PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:{_VERSION}\n"
        resource = f"/{self.account}/{self.account}/{container}\nrestype:container"
        digest = hmac.digest(base64.b64decode(self.key), f"{signed}{resource}".encode(), "sha256")
        headers = {
            "x-ms-date": date,
            "x-ms-version": _VERSION,
            "Authorization": f"SharedKey {self.account}:{base64.b64encode(digest).decode()}",
            "Content-Length": "0",
        }
        answer = urllib3.request("PUT", f"{self.url}/{container}?restype=container", headers=headers)
        assert answer.status == 201, answer.data


def script() -> Path | None:
    """Return Azurite's entry script, or None when it is not installed."""
    home = os.environ.get("RUNYARD_COMPONENTS")
    folder = Path(home) if home else Path(__file__).parents[2] / ".cache" / "components"
    found = folder / "azurite" / _SCRIPT
    return found if found.exists() and shutil.which("node") else None


@contextlib.contextmanager
def azurite_server() -> Iterator[BlobServer]:
    """Run Azurite with one account and no container until the block ends."""
    entry = script()
    if entry is None:
        raise RuntimeError("Azurite is not installed; run scripts/install-components")
    with tempfile.TemporaryDirectory(prefix="runyard-azurite-") as folder:
        (port,) = free_ports(1)
        account, key = "runyardtest", base64.b64encode(secrets.token_bytes(32)).decode()
        command = [
            "node",
            str(entry),
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            str(port),
            "--location",
            folder,
        ]
        command += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        log = Path(folder) / "azurite.log"
        with running(command, log, environment={"AZURITE_ACCOUNTS": f"{account}:{key}"}) as process:
            wait_until(lambda: accepts(port), process, log, limit_s=60)
            yield BlobServer(url=f"http://127.0.0.1:{port}/{account}", account=account, key=key)
