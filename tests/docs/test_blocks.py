"""Every code block of README.md and docs/*.md runs, each page in a session of its own against a real server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.compat.azureml.overlay import environment
from tests.compat.environments import client_python
from tests.compat.plugin.installed import plugin_path
from tests.components import postgres, s3, slurm
from tests.docs.blocks import INDENTED, Block, Session, blocks_of

ROOT = Path(__file__).parents[2]
PAGES = {str(page.relative_to(ROOT)): page for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]}
POSTGRESQL, S3 = "docs/howto-postgresql.md", "docs/howto-s3.md"
PLUGIN = "docs/howto-mlflow-plugin.md"
OFFLINE = "docs/howto-offline.md"
WORKSPACE = "docs/tutorial-workspace.md"
DATA = "docs/howto-data.md"
REMOTE = "docs/howto-remote-runs.md"
SLURM = "docs/howto-slurm.md"
RAY = "docs/howto-ray.md"  # runs in tests/acceptance/test_jobs_ray.py, which has a cluster
PLAIN = sorted(set(PAGES) - {POSTGRESQL, S3, PLUGIN, OFFLINE, WORKSPACE, DATA, SLURM, RAY, REMOTE})


def runnable(name: str) -> list[Block]:
    blocks = blocks_of(PAGES[name].read_text(encoding="utf-8"))
    return [block for block in blocks if block.language in ("bash", "python") and not block.left_out]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_block_says_what_it_is(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    assert INDENTED.search(text) is None, "put code into a fence that names its language"
    assert {block.language for block in blocks_of(text)} <= {"bash", "python", "text"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLAIN)
def test_the_blocks_of_a_page_run(name: str, tmp_path: Path) -> None:
    run_page(name, tmp_path, {}, {})


@pytest.mark.timeout(600)
def test_the_blocks_on_workspaces_run(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    run_page(
        WORKSPACE,
        work,
        {},
        {"PYTHONPATH": plugin_path(tmp_path / "client"), "RUNYARD_HOME": str(tmp_path / "home")},
    )


def test_the_blocks_on_postgresql_run(tmp_path: Path) -> None:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed; scripts/install-components does it")
    with postgres.postgres() as server:
        run_page(
            POSTGRESQL, tmp_path, {"postgresql://USER:PASSWORD@HOST:5432/NAME": server.create_database()}, {}
        )


def test_the_blocks_on_s3_run(tmp_path: Path) -> None:
    missing = s3.missing_programs()
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed; scripts/install-components does it")
    with s3.s3_server() as server:
        server.create_bucket("bucket")
        keys = {"AWS_ACCESS_KEY_ID=...": f"AWS_ACCESS_KEY_ID={server.access_key}"}
        keys["AWS_SECRET_ACCESS_KEY=..."] = f"AWS_SECRET_ACCESS_KEY={server.secret_key}"
        run_page(
            S3, tmp_path, {**keys, "https://s3.example.org": server.url, "eu-central-1": server.region}, {}
        )


@pytest.mark.timeout(600)
def test_the_blocks_on_slurm_run(tmp_path: Path) -> None:
    missing = slurm.missing_programs()
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed; scripts/install-components does it")
    with slurm.slurm() as cluster:
        run_page(SLURM, tmp_path, {"/shared/runyard": str(cluster.shared)}, cluster.environment)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [PLUGIN, OFFLINE])
def test_the_blocks_on_the_plugin_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    run_page(
        name, tmp_path / "page", {}, {"PYTHONPATH": plugin_path(tmp_path / "plugin"), "HOME": str(tmp_path)}
    )


@pytest.mark.timeout(600)
def test_the_blocks_on_remote_runs_run(tmp_path: Path) -> None:
    """`python` is one that has MLflow, on the machine that submits and on the server's, which is the same."""
    (tmp_path / "page").mkdir()
    python = environment(tmp_path / "python", "3.18.0")
    said = {"PYTHONPATH": plugin_path(tmp_path / "plugin"), "PATH": str(python.parent)}
    run_page(REMOTE, tmp_path / "page", {}, {**said, "RUNYARD_HOME": str(tmp_path / "home")}, python)


def test_the_blocks_on_data_run(tmp_path: Path) -> None:
    """With the libraries that read data, which the environment of the tests has."""
    (tmp_path / "page").mkdir()
    run_page(DATA, tmp_path / "page", {}, {"RUNYARD_HOME": str(tmp_path / "home")}, Path(sys.executable))


def run_page(
    name: str,
    directory: Path,
    said: Mapping[str, str],
    variables: Mapping[str, str],
    python: Path | None = None,
) -> None:
    blocks = runnable(name)
    if not blocks:
        return
    needs_client = any(block.language == "python" for block in blocks)
    if python is None:
        python = client_python("3.18.0") if needs_client else Path("python3")
    session = Session(directory, python, said, variables)
    try:
        for block in blocks:
            session.run(block)
    finally:
        session.close()
