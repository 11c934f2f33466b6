"""What a command loads: a person waits for it each time."""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVER = {
    "starlette",
    "uvicorn",
    "psycopg",
    "numpy",
    "obstore",
    "argon2",
    "jwt",
    "cryptography",
    "prometheus_client",
}
CLIENT = {"mlflow", "pandas", "yaml"}
NOT_YET = {"requests", "rich", "jmespath"}


def loaded_by(*words: str) -> set[str]:
    code = (
        "import sys\n"
        "from runyard.cli.main import main\n"
        f"try:\n    main({list(words)!r}, prog_name='runyard')\n"
        "except SystemExit:\n    pass\n"
        "sys.stderr.write('LOADED ' + ' '.join({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return set(done.stderr.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "words", [["run", "list", "--server", "http://127.0.0.1:1"], ["workspace", "show", "--help"]]
)
def test_a_client_command_loads_no_server_library_and_no_ml_framework(words: list[str]) -> None:
    assert loaded_by(*words) & (SERVER | CLIENT) == set()


@pytest.mark.parametrize("words", [["--help"], ["run", "list", "--help"], ["completion", "bash"]])
def test_help_loads_neither_requests_nor_rich(words: list[str]) -> None:
    assert loaded_by(*words) & (SERVER | CLIENT | NOT_YET) == set()
