"""A server that asks everybody who they are, with some people, and browsers in which they are logged in."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from runyard.server.first_owner import create_owner
from runyard.server.settings import Settings
from tests.acceptance.server_process import ServerProcess
from tests.studio.browser import Studio

V1 = "/api/v1"
OWNER = "ada"
PASSWORD = "correct horse battery staple"
WORKSPACE = "/subscriptions/default/resourceGroups/default/workspaces/default"


def server_with_accounts(data: Path) -> ServerProcess:
    """A server that runs; its `call` asks as the owner, whose password is PASSWORD."""
    settings = Settings(data=str(data), auth="required")

    def make() -> str:
        asyncio.run(create_owner(settings, OWNER, PASSWORD, with_token=False))
        token = asyncio.run(create_owner(settings, OWNER, None, with_token=True))
        assert token is not None
        return token

    with ThreadPoolExecutor() as aside:  # the browser's own loop runs in this thread
        token = aside.submit(make).result()
    return ServerProcess(data, "--auth", "required", token=token).start()


def do(server: ServerProcess, method: str, path: str, body: Any = None) -> Any:
    """What the owner asks for, and gets."""
    status, answer = server.call(method, path, body)
    assert status == 200, (method, path, status, answer)
    return answer


def person(server: ServerProcess, name: str, *roles: tuple[str, str], **fields: str) -> str:
    """A new user with (role, scope)."""
    do(server, "POST", f"{V1}/users", {"name": name, "password": PASSWORD, **fields})
    for role, scope in roles:
        do(server, "POST", f"{V1}/role-assignments", {"principal": name, "role": role, "scope": scope})
    return name


def enter(page: Page, user: str, password: str = PASSWORD) -> None:
    """Fill in the login page and send it."""
    page.get_by_label("User").fill(user)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


class LoggedIn:
    """Opens pages as people who are logged in; each logs in once."""

    def __init__(self, browser: Browser, server: ServerProcess) -> None:
        self._browser = browser
        self._base = f"http://127.0.0.1:{server.port}"
        self._states: dict[str, Any] = {}

    def open(self, studio: Studio, user: str, path: str, **options: Any) -> Page:
        """A page of somebody's."""
        if user not in self._states:
            self._states[user] = self._log_in(user)
        return studio.open(path, storage_state=self._states[user], **options)

    def _log_in(self, user: str) -> Any:
        context = self._browser.new_context()
        fields = {"user": user, "password": PASSWORD}
        answer = context.request.post(f"{self._base}{V1}/login/session", data=fields)
        assert answer.ok, answer.text()
        state = context.storage_state()
        context.close()
        return state
