"""Large files go between the plugin and a real object store without passing the server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runyard.client.transport import Connection
from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.api.people import People
from tests.compat.environments import CLIENTS
from tests.components import s3

from .installed import plugin_path
from .test_tokens import Office


@pytest.mark.long
def test_parts_and_presigned_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if s3.missing_programs():
        pytest.skip("Ceph is not installed; run scripts/install-components")
    (tmp_path / "data").mkdir()
    with s3.s3_server() as store:
        store.create_bucket("bucket")
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        settings = Settings(data=str(tmp_path / "data"), artifacts="s3://bucket/root", auth="required")
        with live_server(tmp_path / "data", settings) as client:
            token = People(tmp_path / "data").with_roles(("Owner", "/"))
            connection = Connection(f"127.0.0.1:{client.port}", "default", token)
            office = Office(tmp_path / "data", connection, token, plugin_path(tmp_path / "plugin"))
            for release in CLIENTS:
                uri = office.uri(connection.tracking_token()[0])
                variables = {"MLFLOW_TRACKING_URI": uri, "NO_PROXY": os.environ.get("NO_PROXY", "")}
                printed = office.run(release, "large_file.py", store.url, home=tmp_path, **variables)
                assert "done" in printed
            metrics = connection.at(None).read("/metrics").decode()
            assert 'artifacts/mpu/complete/{artifact_path:path}",status="200"} 2.0' in metrics
            assert 'method="PUT"' not in metrics
