"""`runyard login --device` at a real OpenID Connect provider."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.cli.command_line import CommandLine
from tests.components.oidc import CLIENT_ID, CLIENT_SECRET, Person, folder, oidc_provider

PUBLIC = "http://runyard.test"


@pytest.mark.skipif(
    folder() is None, reason="oidc-provider is not installed; scripts/install-components does it"
)
def test_a_code_is_shown_and_the_login_is_kept_once_it_was_entered(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with oidc_provider(f"{PUBLIC}/login/oidc/callback") as provider:
        settings = Settings(
            data=str(data),
            auth="required",
            public_url=PUBLIC,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
        )
        with live_server(data, settings) as client:
            cli = CommandLine(client, tmp_path / "home")
            running = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "runyard",
                    "login",
                    "--device",
                    "--server",
                    f"http://127.0.0.1:{client.port}",
                ],
                env={**os.environ, "RUNYARD_HOME": str(cli.home)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert running.stderr is not None
            first, second = running.stderr.readline(), running.stderr.readline()
            assert re.search(r"^Open http\S+ in a browser and enter the code \S+$", first.strip())
            Person("dev").confirm_device(second.split()[-1])
            stdout, rest = running.communicate(timeout=60)
            assert (running.returncode, stdout) == (0, ""), rest
            assert "as dev" in rest
            assert cli.ok("whoami", "--query", "principal.name") == "dev\n"
