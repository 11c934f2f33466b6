"""Fixtures of the scenarios: they run inside a client environment, with the server's URL in RUNYARD_COMPAT_URL."""

import json
import os
import uuid

import mlflow
import pytest

_results = int(os.environ.get("RUNYARD_COMPAT_RESULTS_FD", "-1"))


def pytest_configure(config):
    config.addinivalue_line("markers", "mlflow2: for MLflow 2 clients only")
    config.addinivalue_line("markers", "mlflow3: needs an MLflow 3 client")
    mlflow.set_tracking_uri(os.environ["RUNYARD_COMPAT_URL"])


def pytest_runtest_logreport(report):
    """Tell the outer session, which owns the pipe, how one phase of one scenario ended."""
    if _results < 0 or (report.when != "call" and report.passed and report.when != "teardown"):
        return
    line = {"id": report.nodeid, "when": report.when, "outcome": report.outcome, "text": report.longreprtext}
    os.write(_results, json.dumps(line).encode() + b"\n")


@pytest.fixture(scope="session")
def url():
    return os.environ["RUNYARD_COMPAT_URL"]


@pytest.fixture(autouse=True)
def _fresh_client_state(url):
    mlflow.set_tracking_uri(url)
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def client(url):
    return mlflow.MlflowClient(url)


@pytest.fixture
def name(request):
    """A name no other test and no earlier session uses."""
    return f"{request.node.name}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def experiment(name):
    """Id of a fresh experiment, which is also the active one."""
    return mlflow.set_experiment(name).experiment_id


@pytest.fixture
def run(experiment, client):
    """Id of a fresh running run, not active in the fluent API."""
    return client.create_run(experiment).info.run_id
