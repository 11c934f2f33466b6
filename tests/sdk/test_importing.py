"""`import runyard` costs nothing, and its names are what __all__ says."""

from __future__ import annotations

import json
import subprocess
import sys

import runyard

HEAVY = {
    *("starlette", "uvicorn", "uvloop", "obstore", "psycopg", "prometheus_client", "argon2", "pcodec"),
    *("mlflow", "pandas", "numpy", "matplotlib", "IPython", "ipywidgets"),
}


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_but_its_version() -> None:
    loaded = modules_after("import runyard")
    assert {name for name in loaded if name.startswith("runyard")} == {"runyard", "runyard.version"}
    assert not loaded & {"requests", "msgspec", "rich", *HEAVY}


def test_the_sdk_loads_no_server_library_and_no_framework() -> None:
    loaded = modules_after("from runyard import *")
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    ours = {
        name for name in loaded if name.startswith(("runyard.server", "runyard.services", "runyard.store"))
    }
    assert ours == set()


def test_every_public_name_can_be_imported_and_dir_shows_them() -> None:
    assert sorted(runyard.__all__) == dir(runyard)
    assert [name for name in runyard.__all__ if getattr(runyard, name, None) is None] == []


def test_all_is_what_the_package_says_where_names_live() -> None:
    assert {*runyard._HOMES, "__version__"} == set(runyard.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(runyard, "NoSuchName")
