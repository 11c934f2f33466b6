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

from runyard.errors import MethodNotAllowed, RouteNotFound
from runyard.services.context import Context

Handler = Callable[[Context, Any], Awaitable[Any]]
RawHandler = Callable[[Request], Awaitable[Response]]
PREFIXES = ("/api", "/ajax-api")


class Route(msgspec.Struct, frozen=True):
    """One method and path. The name is the path pattern; metrics are counted by it."""

    method: str
    path: str
    handler: Handler | None = None
    request: type[Any] | None = None
    raw: RawHandler | None = None
    hot: bool = False
    body_limit: int | None = None


class Match(msgspec.Struct, frozen=True):
    """A route and the values of its path parameters, percent-decoded once."""

    route: Route
    values: dict[str, str]


def rpc(method: str, path: str, request: type[Any], handler: Handler, *, hot: bool = False) -> list[Route]:
    """A JSON route at both of MLflow's prefixes."""
    return [Route(method, prefix + path, handler, request, hot=hot) for prefix in PREFIXES]


def raw(method: str, path: str, handler: RawHandler, *, prefixes: Sequence[str] = ("",)) -> list[Route]:
    """A route that reads and writes bytes itself. A last parameter `{name:path}` may hold slashes."""
    return [Route(method, prefix + path, raw=handler) for prefix in prefixes]


class RouteTable:
    """Finds the route of a request. Cost: one dictionary lookup for fixed paths."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            target = patterns if "{" in route.path else self._fixed
            methods = target.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"two routes for {route.method} {route.path}")
            methods[route.method] = route
        self._hot = {route.path.encode(): route for route in self.routes if route.hot}
        for path in sorted(patterns, key=_specific):
            self._patterns.append((_compile(path), patterns[path]))

    def hot(self, url: bytes) -> Route | None:
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
