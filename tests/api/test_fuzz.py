"""Requests made from our own OpenAPI description, good and bad: no 5xx, and answers as described."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.server_process import ServerProcess

CONFIG = Path(__file__).with_name("schemathesis.toml")
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"
# Every handler once: those below /ajax-api are the same, but for a few that are only there.
PATHS = {
    "mlflow": "^/(?!ajax-api|api/v1)|upload-artifact|search-datasets|get-trace-artifact",
    "own": "^/api/v1",
}
EXAMPLES = 40  # for each of about 200 operations


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("part", PATHS)
def test_no_request_from_the_description_fails_the_server(part: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    try:
        found = subprocess.run(
            [
                *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)),
                *("run", f"http://127.0.0.1:{server.port}/openapi.json", "--checks", CHECKS),
                *("--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES)),
                *("--include-path-regex", PATHS[part], "--warnings", "off", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=1_100,
        )
    finally:
        code = server.stop()
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
    assert code == 0
