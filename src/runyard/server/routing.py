"""Routes: a dictionary for fixed paths, a short list per length for paths with parameters.

A route names its request type, and its handler is `async (Context, request) -> answer`, where the answer is a msgspec
struct or dict; decoding and encoding happen here. A *raw* route gets Starlette's Request and answers a Response.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import ACTIONS, ANONYMOUS, SELF
from runyard.errors import MethodNotAllowed, RouteNotFound
from runyard.services.context import Context

Handler = Callable[[Context, Any], Awaitable[Any]]
RawHandler = Callable[[Context, Request], Awaitable[Response]]
PREFIXES = ("/api", "/ajax-api")
OWN = "/api/v1"
SAFE = ("GET", "HEAD", "OPTIONS")
NO_CONTENT = 204
KNOWN_ACTIONS = frozenset({*ACTIONS, ANONYMOUS, SELF})
WATCHED = frozenset({"secrets/read", "workspaces/import"})
UNAUDITED = frozenset({"runs/write", "artifacts/write", "traces/write", "datastores/write", ANONYMOUS})


class Route(msgspec.Struct, frozen=True):
    """One method and path. The name is the path pattern; metrics are counted by it.

    Attributes:
        action: what the caller must be allowed to do; no route is without one.
        in_workspace: whether it belongs to a workspace, or to the server as a whole.
        filtered: whether the handler shows and changes only what the caller may, also who has a role in one experiment only.
        decides: whether the service decides, because the place of the action is named in the request.
        status: of a success.
        audit: whether each call is written to the audit log; None: it follows from method and action.
    """

    method: str
    path: str
    action: str
    handler: Handler | None = None
    request: type[Any] | None = None
    raw: RawHandler | None = None
    hot: bool = False
    body_limit: int | None = None
    in_workspace: bool = True
    filtered: bool = False
    decides: bool = False
    status: int = 200
    audit: bool | None = None

    @property
    def audited(self) -> bool:
        """Whether each call is written to the audit log: changes and what leaves, but not what a training logs."""
        if self.audit is not None or self.action in WATCHED:
            return self.audit is not False
        return self.method not in SAFE and self.action not in UNAUDITED and not self.action.endswith("/read")

    @property
    def audit_action(self) -> str:
        """What the audit log calls a call of it."""
        return f"{self.method} {self.path}" if self.action == SELF else self.action


class WithHeaders(msgspec.Struct, frozen=True):
    """What the handler of a JSON route answers when headers go with it, such as a cookie."""

    body: Any
    headers: list[tuple[bytes, bytes]]


class Match(msgspec.Struct, frozen=True):
    """A route and the values of its path parameters, percent-decoded once."""

    route: Route
    values: dict[str, str]


def rpc(
    method: str,
    path: str,
    request: type[Any],
    handler: Handler,
    action: str,
    *,
    hot: bool = False,
    filtered: bool = False,
    in_workspace: bool = True,
    decides: bool = False,
    status: int = 200,
) -> list[Route]:
    """A JSON route at both of MLflow's prefixes."""
    return [
        Route(
            method,
            prefix + path,
            action,
            handler,
            request,
            hot=hot,
            filtered=filtered,
            in_workspace=in_workspace,
            decides=decides,
            status=status,
        )
        for prefix in PREFIXES
    ]


def api(
    method: str,
    path: str,
    request: type[Any],
    handler: Handler,
    action: str,
    *,
    in_workspace: bool = True,
    body_limit: int | None = None,
    decides: bool = False,
    filtered: bool = False,
    audit: bool | None = None,
) -> list[Route]:
    """A JSON route of Runyard's own, below /api/v1."""
    return [
        Route(
            method,
            OWN + path,
            action,
            handler,
            request,
            in_workspace=in_workspace,
            body_limit=body_limit,
            decides=decides,
            filtered=filtered,
            audit=audit,
        )
    ]


def raw(
    method: str,
    path: str,
    handler: RawHandler,
    action: str,
    *,
    prefixes: Sequence[str] = ("",),
    in_workspace: bool = True,
    filtered: bool = False,
    audit: bool | None = None,
) -> list[Route]:
    """A route that reads and writes bytes itself. A last parameter `{name:path}` may hold slashes."""
    return [
        Route(
            method,
            prefix + path,
            action,
            raw=handler,
            in_workspace=in_workspace,
            filtered=filtered,
            audit=audit,
        )
        for prefix in prefixes
    ]


class RouteTable:
    """Finds the route of a request. Cost: one dictionary lookup for fixed paths.

    Args:
        page: what a person sees at an address that is no route; programs are told that it is none.
    """

    def __init__(self, routes: Iterable[Route], page: Route | None = None) -> None:
        self.routes = list(routes)
        self.page = page
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            target = patterns if "{" in route.path else self._fixed
            if route.action not in KNOWN_ACTIONS:
                raise ValueError(f"{route.method} {route.path} has the unknown action {route.action!r}")
            methods = target.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"two routes for {route.method} {route.path}")
            methods[route.method] = route
        self._hot = {route.path: route for route in self.routes if route.hot}
        for path in sorted(patterns, key=_specific):
            self._patterns.append((_compile(path), patterns[path]))

    def hot(self, url: str) -> Route | None:
        """The hot route of a request target as sent, if it is one; those are POST only."""
        return self._hot.get(url)

    def find(self, method: str, raw_path: str) -> Match:
        """The route of a still percent-encoded path.

        Raises: RouteNotFound, MethodNotAllowed.
        """
        methods = self._fixed.get(raw_path)
        values: dict[str, str] = {}
        if methods is None:
            for pattern, candidates in self._patterns:
                found = pattern.fullmatch(raw_path)
                if found:
                    methods = candidates
                    values = {
                        name: unquote(value, errors="replace") for name, value in found.groupdict().items()
                    }
                    if method in candidates:
                        break
        if methods is None:
            raise RouteNotFound(
                f"No route {method} {raw_path[:200]}. The docs list the routes that Runyard serves."
            )
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if route is None:
            raise MethodNotAllowed(f"{raw_path[:200]} answers {', '.join(sorted(methods))}, not {method}.")
        return Match(route, values)


def _compile(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    text = ""
    for part in parts:
        if part.startswith("{"):
            name, _, kind = part[1:-1].partition(":")
            text += f"(?P<{name}>.*)" if kind == "path" else f"(?P<{name}>[^/]+)"
        else:
            text += re.escape(part)
    return re.compile(text, re.DOTALL)


def _specific(path: str) -> tuple[bool, int, str]:
    """Fixed text before parameters, `{x:path}` last."""
    return (":path}" in path, path.count("{"), path)
