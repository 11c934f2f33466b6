"""The contract on a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.opening import open_datastore
from tests.components.s3 import S3Server
from tests.contract.datastore.signed_suite import SignedDatastoreSuite


class TestS3(SignedDatastoreSuite):
    @pytest.fixture
    def store(self, s3: S3Server) -> Iterator[Datastore]:
        yield open_datastore("s3://artifacts/some/prefix", s3.environment)
        assert s3.unfinished_uploads("artifacts") == 0, "an upload left parts behind"


class TestS3WithoutPrefix(SignedDatastoreSuite):
    big_bytes = 9_000_000

    @pytest.fixture
    def store(self, s3: S3Server) -> Datastore:
        return open_datastore("s3://artifacts", s3.environment)
