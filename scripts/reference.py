"""Writes docs/reference from the code: routes, commands, settings, counters. `make docs` runs it.

A test compares the pages with what this would write, so they cannot be out of date.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from runyard.cli.main import main as runyard
from runyard.cli.up import up
from runyard.entities.access import ACTIONS, BUILT_IN_ROLES
from runyard.server.app import build
from runyard.server.metrics import ServerMetrics
from runyard.server.openapi import describe
from runyard.server.routing import Route
from runyard.server.settings import ENVIRONMENT_PREFIX, Settings

Json = dict[str, Any]
FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- Made by `make docs` from the code; do not edit. -->\n"
COMMON = re.compile(r"^Common options:\n(?:  .*\n?)+", re.MULTILINE)
OPTION = re.compile(r"^  (?:-\w, )?--[a-z-]+", re.MULTILINE)
METHODS = ("get", "post", "put", "patch", "delete")


def pages() -> dict[str, str]:
    """File name → text."""
    described, counters, routes = asyncio.run(_from_a_server())
    return {
        "api.md": api_page(described),
        "cli.md": cli_page(runyard),
        "settings.md": settings_page(),
        "metrics.md": metrics_page(counters),
        "roles.md": roles_page(routes),
    }


async def _from_a_server() -> tuple[Json, ServerMetrics, list[Route]]:
    """What a server that never serves knows of itself."""
    with tempfile.TemporaryDirectory() as directory:
        runtime = build(Settings(data=directory))
        async with runtime.lifespan():
            counters = runtime.application.metrics
            counters.observe("GET", "/health", 200, 0.001)
            await asyncio.sleep(0)
            routes = runtime.application.routes.routes
            return describe(routes), counters, routes


def api_page(described: Json) -> str:
    """All operations by noun; what is at both of MLflow's prefixes stands once."""
    parts = [
        f"{MADE}\n# The HTTP API\n",
        "Paths that begin with `/api` are also served below `/ajax-api`. A `*` marks what is required; `[]` a list "
        "(in a query string: the name repeated). The same in OpenAPI 3.1, with the types of all fields: "
        "`GET /openapi.json` of a server, or `runyard openapi`.\n",
    ]
    for tag in described["tags"]:
        rows = [row for row in _rows(described) if row[0] == tag["name"]]
        parts.append(f"## {tag['name'].replace('_', ' ').capitalize()}\n")
        parts.append("| route | what it does | parameters and fields |\n|---|---|---|")
        parts += [f"| {route} | {summary} | {values} |" for _, route, summary, values in rows]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _rows(described: Json) -> Iterator[tuple[str, str, str, str]]:
    """Tag, route, summary, parameters."""
    paths = described["paths"]
    for path, item in paths.items():
        for method in METHODS:
            twin = path.removeprefix("/ajax")[1:] if path.startswith("/ajax-api/") else ""
            if method in item and not (twin and method in paths.get(f"/{twin}", {})):
                operation = item[method]
                values = ", ".join(_values(operation, described["components"]["schemas"]))
                yield operation["tags"][0], f"`{method.upper()} {path}`", f"{operation['summary']}.", values


def _values(operation: Json, schemas: Json) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        place = "" if parameter["in"] == "query" else f" ({parameter['in']})"
        yield _named(parameter["name"], parameter["required"], parameter["schema"]) + place
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(content["schema"], schemas)
        yield from (
            [f"the body ({media})"]
            if "properties" not in schema
            else [
                _named(name, name in schema["required"], kind) for name, kind in schema["properties"].items()
            ]
        )


def _resolved(schema: Json, schemas: Json) -> Json:
    found: Json = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _named(name: str, required: bool, schema: Json) -> str:
    kinds = [schema, *schema.get("anyOf", ())]
    many = any(kind.get("type") == "array" for kind in kinds)
    return f"`{name}{'[]' if many else ''}`{'*' if required else ''}"


def cli_page(command: click.Command) -> str:
    """The help of every command."""
    parts = [f"{MADE}\n# The `runyard` command\n"]
    found = dict(_helps(command, "runyard", None))
    shared = max((one[0] for one in map(COMMON.search, found.values()) if one), key=len, default="")
    parts.append(f"Options that commands share:\n\n```text\n{shared.rstrip()}\n```\n")
    for name, text in found.items():
        shown = COMMON.sub(lambda one: _names_of_options(one[0]), text)
        parts.append(f"## `{name}`\n\n```text\n{shown}\n```\n")
    return "\n".join(parts).rstrip() + "\n"


def _names_of_options(section: str) -> str:
    """The options that all commands share, by their names alone."""
    return f"Common options:\n  {', '.join(re.findall(r'--[a-z-]+', ''.join(OPTION.findall(section))))}\n"


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            loaded = command.get_command(context, inner)
            if loaded is not None and not loaded.hidden:
                yield from _helps(loaded, inner, context)


def settings_page() -> str:
    """Every setting with its flag, variable and default."""
    parts = [
        f"{MADE}\n# Settings\n",
        "A flag of `runyard up` wins over the variable, which wins over the default. The credentials of a datastore "
        "are read from the variables of its kind: [artifacts in S3, Azure or Google Cloud](../howto-s3.md).\n",
        "| flag | variable | default | meaning |\n|---|---|---|---|",
    ]
    comments = dict(re.findall(r"^    (\w+): .*?  # (.+)$", inspect.getsource(Settings), re.MULTILINE))
    flags = {parameter.name: parameter.opts[0] for parameter in up.params}
    for field in fields(Settings):
        flag = f"`{flags[field.name]}`" if field.name in flags else "–"
        default = f"`{field.default}`" if field.default != "" else "–"
        meaning = comments[field.name].replace("|", "\\|")
        parts.append(f"| {flag} | `{ENVIRONMENT_PREFIX}{field.name.upper()}` | {default} | {meaning} |")
    return "\n".join(parts) + "\n"


def metrics_page(counters: ServerMetrics) -> str:
    """Every family that `GET /metrics` tells."""
    parts = [
        f"{MADE}\n# Counters for Prometheus\n",
        "`GET /metrics` tells them for one server process, since it started.\n",
        "| name | kind | labels | meaning |\n|---|---|---|---|",
    ]
    for family in sorted(counters.registry.collect(), key=lambda family: family.name):
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        name = f"{family.name}_total" if family.type == "counter" else family.name
        named = ", ".join(f"`{label}`" for label in labels) or "–"
        parts.append(f"| `{name}` | {family.type} | {named} | {family.documentation} |")
    return "\n".join(parts) + "\n"


def roles_page(routes: Sequence[Route]) -> str:
    """Which role has which action, and which action each route needs."""
    roles = BUILT_IN_ROLES.values()
    parts = [
        f"{MADE}\n# Roles and actions\n",
        "A role is a set of actions; it is assigned at `/`, a subscription, a resource group, a workspace or an "
        "experiment, and acts there and below. What is denied anywhere on the way wins. "
        "[How to give access](../howto-access.md).\n",
        f"| action | meaning | {' | '.join(role.name for role in roles)} |",
        "|---|---|" + "---|" * len(roles),
    ]
    for action, meaning in ACTIONS.items():
        marks = " | ".join("yes" if action in role.expand() else "–" for role in roles)
        parts.append(f"| `{action}` | {meaning} | {marks} |")
    parts += [f"\n{role.name}: {role.description}" for role in roles]
    parts += [
        "\n## Which action a route needs\n",
        "Routes below `/api` are also served below `/ajax-api`. `anonymous`: no credential is needed; `self`: any "
        "will do, the answer is about the caller. `*`: the service decides by the place that the request names.\n",
        "| route | action | where |\n|---|---|---|",
    ]
    for route in routes:
        if not route.path.startswith("/ajax-api/"):
            place = "workspace" if route.in_workspace else "server"
            star = "*" if route.decides else ""
            parts.append(f"| `{route.method} {route.path}` | `{route.action}`{star} | {place} |")
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
