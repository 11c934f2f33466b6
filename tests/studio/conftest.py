"""A running server with Studio, a browser, and runs to look at."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import Studio, launch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file. While it is there, its event loop runs in this thread: none of others can."""
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the test file's own, empty at first."""
    made = ServerProcess(tmp_path_factory.mktemp("studio")).start()
    yield made
    made.stop()


@pytest.fixture
def studio(browser: Browser, server: ServerProcess) -> Iterator[Studio]:
    """Opens pages; the test fails when one told of an error."""
    made = Studio(browser, f"http://127.0.0.1:{server.port}")
    yield made
    made.close()


Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(server: ServerProcess) -> Call:
    """`call("POST", "/api/2.0/mlflow/runs/create", {...})` → the answer's JSON; what is refused is an error."""

    def work(
        method: str,
        path: str,
        fields: Any = None,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        sent = body if body is not None else None if fields is None else json.dumps(fields).encode()
        kind = "application/octet-stream" if body is not None else "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}{path}",
            sent,
            {"Content-Type": kind, **(headers or {})},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    return work
