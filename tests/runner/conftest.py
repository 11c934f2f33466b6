"""Runners in folders of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.jobs import Runner
from tests.runner.standin import StandIn, Told


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner that nothing was asked of yet."""
    return Runner(tmp_path / "runyard")


@pytest.fixture
def server() -> Iterator[StandIn]:
    """A server that knows one job."""
    with StandIn(Told()) as found:
        yield found
