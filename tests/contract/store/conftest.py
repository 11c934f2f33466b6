"""Stores on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import postgres
from tests.contract.store.series_stage import Stage, postgres_stage, sqlite_stage


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Stores on a fresh database."""
    if request.param == "sqlite":
        with sqlite_stage(Path(tmp_path_factory.mktemp("series"))) as opened:
            yield opened
        return
    if not postgres.is_installed():
        pytest.skip("PostgreSQL's server package is not installed")
    with postgres.postgres(fsync=False) as server, postgres_stage(server.create_database()) as opened:
        yield opened
