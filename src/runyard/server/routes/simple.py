"""An index of Python packages (PEP 503, PEP 691) with Runyard itself and Azure ML's names for it.

    pip install --extra-index-url http://127.0.0.1:5000/simple/ azureml-mlflow

It holds nothing else, asks no other index and offers one version each: that of the server.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import SELF
from runyard.server.routing import Route, raw
from runyard.services.context import Context
from runyard.services.wheel_format import Wheel
from runyard.services.wheels import WheelService

HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"
VERSIONED_HTML = "application/vnd.pypi.simple.v1+html"
MEDIA = (HTML, VERSIONED_HTML, JSON)
META = {"api-version": "1.1"}
HEADERS = {"cache-control": "no-cache", "vary": "Accept, Authorization", "x-content-type-options": "nosniff"}


def routes(service: WheelService) -> list[Route]:
    """GET /simple/, /simple/{project}/, /simple/{project}/{file}."""

    async def index(ctx: Context, request: Request) -> Response:
        """List the projects of the package index."""
        media = wanted(request.headers.get("accept", ""))
        names = await service.projects()
        if media == JSON:
            return _json({"meta": META, "projects": [{"name": name} for name in names]})
        return _html(media, "Packages", {f"{name}/": name for name in names})

    async def project(ctx: Context, request: Request) -> Response:
        """List the files of a project of the package index."""
        media = wanted(request.headers.get("accept", ""))
        wheel = await service.of_project(request.path_params["project"])
        if media == JSON:
            return _json(_described(wheel))
        return _html(media, wheel.project, {_address(wheel): wheel.filename}, wheel.requires_python)

    async def bare(ctx: Context, request: Request) -> Response:
        """Lead to the page of a project."""
        wheel = await service.of_project(request.path_params["project"])
        return Response(status_code=301, headers={**HEADERS, "location": f"{wheel.project}/"})

    async def root(ctx: Context, request: Request) -> Response:
        """Lead to the list of projects."""
        return Response(status_code=301, headers={**HEADERS, "location": "simple/"})

    async def file(ctx: Context, request: Request) -> Response:
        """Download a wheel."""
        wheel = await service.file(request.path_params["project"], request.path_params["file"])
        headers = {**HEADERS, "etag": f'"{wheel.sha256}"'}
        return Response(wheel.content, media_type="application/zip", headers=headers)

    return [
        *raw("GET", "/simple", root, SELF, in_workspace=False),
        *raw("GET", "/simple/", index, SELF, in_workspace=False),
        *raw("GET", "/simple/{project}/", project, SELF, in_workspace=False),
        *raw("GET", "/simple/{project}", bare, SELF, in_workspace=False),
        *raw("GET", "/simple/{project}/{file}", file, SELF, in_workspace=False),
    ]


def wanted(accept: str) -> str:
    """The form that the caller likes best; HTML when it has no wish, or none that can be met."""
    liked = dict(_preference(part) for part in accept.split(","))
    offers = {media: liked.get(media, liked.get("*/*", 0.0)) for media in MEDIA}
    return max(MEDIA, key=lambda media: offers[media])


def _preference(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return media, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return media, 0.0
    return media, 1.0


def _address(wheel: Wheel) -> str:
    """Beside the project's page, with the hash that installers check."""
    return f"{quote(wheel.filename)}#sha256={wheel.sha256}"


def _described(wheel: Wheel) -> dict[str, Any]:
    one = {
        "filename": wheel.filename,
        "url": quote(wheel.filename),
        "hashes": {"sha256": wheel.sha256},
        "requires-python": wheel.requires_python,
        "size": len(wheel.content),
    }
    return {"meta": META, "name": wheel.project, "versions": [wheel.version], "files": [one]}


def _json(body: Mapping[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), media_type=JSON, headers=HEADERS)


def _html(media: str, title: str, links: Mapping[str, str], requires_python: str = "") -> Response:
    needs = f' data-requires-python="{html.escape(requires_python)}"' if requires_python else ""
    page = [
        *("<!DOCTYPE html>", "<html><head>", '<meta name="pypi:repository-version" content="1.0">'),
        f"<title>{html.escape(title)}</title></head><body>",
        *_anchors(links, needs),
        "</body></html>\n",
    ]
    return Response("\n".join(page), media_type=media, headers=HEADERS)


def _anchors(links: Mapping[str, str], needs: str) -> Iterable[str]:
    for address, name in links.items():
        yield f'<a href="{html.escape(address)}"{needs}>{html.escape(name)}</a><br>'
