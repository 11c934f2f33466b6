"""What importing costs, in a fresh process."""

import subprocess
import sys
import time

import pytest

SERVER_SIDE = {
    "starlette",
    "uvicorn",
    "psycopg",
    "sqlite3",
    "numpy",
    "mlflow",
    "obstore",
    "argon2",
    "jwt",
    "click",
}
IMPORT_S = 0.3


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a statement loads."""
    code = f"import sys; {statement}; print(*(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import runyard",
        "import runyard.client.transport",
        "import runyard.mlflow_plugin.entry_points",
        "import runyard.client.renewal",
    ],
)
def test_client_loads_nothing_of_the_server(statement: str) -> None:
    assert not modules_after(statement) & SERVER_SIDE


def test_transport_loads_requests_with_the_first_request_only() -> None:
    assert "requests" not in modules_after("import runyard.client.transport")


def test_import_is_quick() -> None:
    """CPU time, best of three: other work on the machine does not count."""
    code = "import time; start = time.process_time(); import runyard.client.transport; print(time.process_time() - start)"
    taken = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    assert min(taken) < IMPORT_S, f"{taken} at {time.ctime()}"
