"""The contract on Azurite."""

from __future__ import annotations

import pytest

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.opening import open_datastore
from tests.components.azurite import BlobServer
from tests.contract.datastore.signed_suite import SignedDatastoreSuite


class TestAzure(SignedDatastoreSuite):
    @pytest.fixture
    def store(self, azurite: BlobServer) -> Datastore:
        return open_datastore("az://artifacts/some/prefix", azurite.environment)
