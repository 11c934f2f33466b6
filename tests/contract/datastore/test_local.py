"""The contract on a directory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.opening import open_datastore
from tests.contract.datastore.suite import DatastoreSuite


class TestLocal(DatastoreSuite):
    @pytest.fixture
    def store(self, loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[Datastore]:
        store = open_datastore(str(tmp_path / "artifacts"))
        yield store
        loop.run_until_complete(store.aclose())
        left = list((tmp_path / "artifacts" / ".runyard-uploads").glob("*"))
        assert left == [], "an upload or a deletion left something behind"
