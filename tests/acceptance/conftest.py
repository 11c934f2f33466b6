"""What the tests with real server processes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.server_process import ServerProcess


@pytest.fixture(autouse=True)
def no_server_is_left() -> Iterator[None]:
    """End what a failed test left running."""
    yield
    while ServerProcess.spawned:
        process = ServerProcess.spawned.pop()
        if process.poll() is None:
            process.kill()
            process.wait()
