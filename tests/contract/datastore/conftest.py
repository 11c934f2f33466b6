"""The servers behind the datastores, started once per session and only when a test needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.components.azurite import BlobServer, azurite_server, script
from tests.components.s3 import S3Server, missing_programs, s3_server


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    missing = missing_programs()
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; run scripts/install-components")
    with s3_server() as server:
        server.create_bucket("artifacts")
        yield server


@pytest.fixture(scope="session")
def azurite() -> Iterator[BlobServer]:
    if script() is None:
        pytest.skip("Azurite is not installed; run scripts/install-components")
    with azurite_server() as server:
        server.create_container("artifacts")
        yield server
