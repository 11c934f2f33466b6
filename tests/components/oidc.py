"""A real OpenID Connect provider on a loopback port, and a person at its login pages.

Needs node and the npm package that `scripts/install-components` puts below `.cache/components`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import requests

from tests.components.processes import accepts, free_ports, running, wait_until

SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT_ID = "runyard"
CLIENT_SECRET = "a secret of the client"


@dataclass(frozen=True, slots=True)
class Provider:
    """Address of a running provider, and the file with the groups of its people."""

    issuer: str
    file: Path

    def put(self, name: str, *groups: str) -> None:
        """From now on the person is in these groups."""
        known = json.loads(self.file.read_text(encoding="utf-8"))
        self.file.write_text(json.dumps({**known, name: groups}), encoding="utf-8")


class Person:
    """Somebody with a browser of their own.

    Args:
        stop: browsing ends before an address that begins with this is asked for.
    """

    def __init__(self, name: str, stop: str = "http://nowhere.invalid") -> None:
        self.name = name
        self.stop = stop
        self.cookies = requests.cookies.RequestsCookieJar()

    def log_in(self, url: str) -> str:
        """Follow an authorization request through login and consent; the address that the provider sends back to."""
        page, body = self._browse("GET", url)
        page, body = self._submit(page, body, {"prompt": "login", "login": self.name, "password": "any"})
        if not page.startswith(self.stop):
            page, body = self._submit(page, body, {"prompt": "consent"})
        return page

    def confirm_device(self, url: str) -> str:
        """Confirm the code, then log in; the text of the last page."""
        page, body = self._browse("GET", url)
        for _ in range(
            2
        ):  # the page that sends the code by itself, and the one that asks whether it is right
            page, body = self._submit(page, body, self._hidden(body))
        page, body = self._submit(page, body, {"prompt": "login", "login": self.name, "password": "any"})
        return self._submit(page, body, {"prompt": "consent"})[1]

    def _hidden(self, body: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', body))

    def _submit(self, page: str, body: str, fields: dict[str, str]) -> tuple[str, str]:
        action = re.search(r'action="([^"]+)"', body)
        assert action, body
        return self._browse("POST", urljoin(page, action[1]), fields)

    def _browse(self, method: str, url: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
        while not url.startswith(self.stop):
            answer = requests.request(
                method, url, data=fields, cookies=self.cookies, allow_redirects=False, timeout=20
            )
            self.cookies.update(answer.cookies)
            if not answer.is_redirect:
                return url, answer.text
            url, method, fields = urljoin(url, answer.headers["location"]), "GET", None
        return url, ""


def folder() -> Path | None:
    """Where the provider is installed, or None."""
    home = os.environ.get("RUNYARD_COMPONENTS")
    components = Path(home) if home else Path(__file__).parents[2] / ".cache" / "components"
    found = components / "oidc"
    installed = (found / "node_modules" / "oidc-provider").exists()
    return found if installed and shutil.which("node") else None


@contextlib.contextmanager
def oidc_provider(redirect_uri: str) -> Iterator[Provider]:
    """Run a provider with one client until the block ends."""
    home = folder()
    if home is None:
        raise RuntimeError("oidc-provider is not installed; run scripts/install-components")
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="runyard-oidc-") as directory:
        script = home / "provider.mjs"  # node looks for packages beside the script
        script.write_bytes(SCRIPT.read_bytes())
        log = Path(directory) / "oidc.log"
        groups = Path(directory) / "groups.json"
        groups.write_text("{}", encoding="utf-8")
        command = ["node", str(script), str(port), redirect_uri, str(groups)]
        with running(command, log) as process:
            wait_until(lambda: accepts(port), process, log, limit_s=60)
            yield Provider(f"http://127.0.0.1:{port}", groups)
