"""The runner is one file that old and new Pythons run, and it needs nothing but them."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from tests.runner.jobs import SOURCE, Runner, python, pythons
from tests.runner.standin import StandIn, archive

PACKAGE = SOURCE / "runyard" / "runner"
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """The runner as engines carry it: a top-level package in a zipapp."""
    home = tmp_path / "packed"
    shutil.copytree(PACKAGE, home / "runner", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "__main__.py").write_text("from runner.main import run\n\nrun()\n")
    zipapp.create_archive(home, tmp_path / "runner.pyz")
    return tmp_path / "runner.pyz"


class Packed(Runner):
    """The same command line, from the one file."""

    file: Path

    def command(self, *arguments: str | Path) -> list[str]:
        """Words of a call."""
        return [self.python, "-I", str(self.file), *map(str, arguments)]


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_a_job_runs_with_the_machines_python(
    tmp_path: Path, packed: Path, server: StandIn, version: str
) -> None:
    if not pythons(version):
        pytest.skip(f"this machine has no Python {version}")
    runner = Packed(tmp_path / "runyard", pythons(version)[0])
    runner.file = packed
    server.told.snapshot = archive({"train.py": b"import sys; print('%d.%d' % sys.version_info[:2])"})
    server.told.definition = {"script": "train.py"}
    assert runner.work(server, python=[runner.python]) == 0, runner.said
    assert "Warning" not in runner.said
    assert server.told.log() == f"{version}\n"
    assert runner.state()["phase"] == "ended"
    assert runner.call("nodes")[0]["cpus"] >= 1


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_a_job_is_detached_with_the_machines_python(
    tmp_path: Path, packed: Path, server: StandIn, version: str
) -> None:
    if not pythons(version):
        pytest.skip(f"this machine has no Python {version}")
    runner = Packed(tmp_path / "runyard", pythons(version)[0])
    runner.file = packed
    server.told.definition = python("import time; time.sleep(100)")
    assert runner.call("start", runner.lay(server))["again"] is False
    runner.call("forget", runner.folder, runner.job.name)
    assert not runner.job.exists()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_modules_need_the_standard_library_only(module: Path) -> None:
    tree = ast.parse(module.read_text(), feature_version=(3, 8))
    imported = [one for one in ast.walk(tree) if isinstance(one, ast.Import | ast.ImportFrom)]
    for one in imported:
        names = [alias.name for alias in one.names] if isinstance(one, ast.Import) else [one.module or ""]
        outside = isinstance(one, ast.Import) or one.level == 0
        assert not outside or all(name.split(".")[0] in sys.stdlib_module_names for name in names)
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    assert not any(
        isinstance(one, ast.Import | ast.ImportFrom) for made in functions for one in ast.walk(made)
    )


def test_importing_the_runner_loads_nothing_else_of_the_package() -> None:
    text = "import sys, runyard.runner.main; print(*(name for name in sys.modules if name.startswith('runyard.')))"
    shown = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
    assert {name for name in shown.split() if not name.startswith("runyard.runner")} == {"runyard.version"}


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["start"], ["states"], ["stop", "folder"]])
def test_a_wrong_call_is_told_what_there_is(runner: Runner, arguments: list[str]) -> None:
    done = subprocess.run(runner.command(*arguments), env=runner.variables, capture_output=True, check=False)
    assert done.returncode == 64
    assert b"states FOLDER ID" in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "cannot be read"),
        ("[]", "lacks server, run_id, folder"),
        ('{"server": "http://x", "run_id": "a", "folder": "/x"}', "neither token nor code"),
        ('{"server": "http://x", "run_id": "../a", "folder": "/x", "token": "t"}', "no name of a job"),
        ('{"server": "ftp://x", "run_id": "a", "folder": "FOLDER", "token": "t"}', "no address of a server"),
    ],
)
def test_a_job_file_that_cannot_be_used_is_told(
    runner: Runner, tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "job.json"
    file.write_text(content.replace("FOLDER", str(tmp_path)))
    done = subprocess.run(
        runner.command("work", file), env=runner.variables, capture_output=True, check=False
    )
    assert done.returncode == 64
    assert words in done.stderr.decode()
