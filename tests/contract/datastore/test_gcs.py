"""The contract on the XML protocol of Google Cloud Storage, without Google's authentication."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.opening import open_datastore
from tests.components.gcs import GcsServer, gcs_gateway, open_bucket
from tests.components.s3 import S3Server
from tests.contract.datastore.suite import DatastoreSuite


@pytest.fixture(scope="module")
def gcs(s3: S3Server) -> Iterator[GcsServer]:
    open_bucket(s3, "open-to-all")
    with gcs_gateway(s3) as server:
        yield server


class TestGcs(DatastoreSuite):
    @pytest.fixture
    def store(self, gcs: GcsServer) -> Datastore:
        return open_datastore("gs://open-to-all/some/prefix", gcs.environment)

    def test_it_cannot_sign(self, store: Datastore) -> None:
        assert not store.capabilities.presigned and not store.capabilities.multipart
