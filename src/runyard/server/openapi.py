"""The OpenAPI 3.1 description of a route table. Pure: routes in, plain data out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_type_hints

import msgspec

from runyard.server.errors import ErrorMessage
from runyard.server.packed import NOT_MODIFIED, Packed
from runyard.server.raw_shapes import JSON, shape_of
from runyard.server.routing import NO_CONTENT, Route, WithHeaders
from runyard.version import __version__
from runyard.wire.api.columns import MEDIA

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
DETAIL: Json = {
    "description": "Refused, as exporters of spans know it; failures have `error_code` and `message`.",
    "content": {JSON: {"schema": {"type": "object"}}},
}
BODILESS = frozenset({"GET", "HEAD"})
DESCRIPTION = """\
MLflow's REST API as Runyard serves it, for unmodified MLflow clients.

Numbers may be sent as text, names in lowerCamelCase, and fields that are not named here are ignored. Every error is a
JSON object with `error_code` and `message`.
"""


def describe(routes: Sequence[Route]) -> Json:
    """The description of all routes.

    Args:
        routes: each appears as one operation; parameters and bodies follow from its request type.
    """
    kinds = sorted(_structs(routes), key=lambda kind: kind.__qualname__)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(template(route.path), {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Runyard",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": noun} for noun in dict.fromkeys(noun_of(route) for route in routes)],
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Error": _error(), "Detail": DETAIL}},
    }


def template(path: str) -> str:
    """A route's path as OpenAPI writes it."""
    return path.replace(":path}", "}")


def noun_of(route: Route) -> str:
    """The noun whose file holds the route's handler."""
    module: str = _function(route).__module__
    return module.rpartition(".")[2]


def operation_of(route: Route) -> str:
    """Method and path as one word; a path that ends with a slash is another one than without."""
    word = re.sub(r"\W+", "_", f"{route.method.lower()}{template(route.path)}").strip("_")
    return f"{word}_list" if route.path.endswith("/") else word


def summary_of(route: Route) -> str:
    """What the route does, in one line."""
    return (inspect.getdoc(_function(route)) or "").partition("\n")[0].removesuffix(".")


def _function(route: Route) -> Any:
    return route.raw or route.handler


def _structs(routes: Iterable[Route]) -> set[type[msgspec.Struct]]:
    """Every request and answer type, and that of errors."""
    kinds: set[type[msgspec.Struct]] = {ErrorMessage}
    for route in routes:
        kinds |= {kind for kind in (route.request, _answer_kind(route)) if kind is not None}
    return kinds


def _answer_kind(route: Route) -> type[msgspec.Struct] | None:
    """The struct that a typed route answers; None where it answers ready bytes or an object without a type."""
    if route.handler is None:
        return None
    kind = get_type_hints(route.handler).get("return")
    is_body = (
        isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in (WithHeaders, Packed)
    )
    return kind if is_body else None


def _is_packed(route: Route) -> bool:
    return route.handler is not None and get_type_hints(route.handler).get("return") is Packed


def _operation(route: Route, schemas: Json) -> Json:
    parts = _raw_parts(route) if route.request is None else _typed_parts(route, schemas)
    return {
        "operationId": operation_of(route),
        "tags": [noun_of(route)],
        "summary": summary_of(route),
        **parts,
    }


def _typed_parts(route: Route, schemas: Json) -> Json:
    assert route.request is not None
    in_path = _path_names(route.path)
    schema = schemas[route.request.__name__]
    kind = _answer_kind(route)
    answer = {"type": "object"} if kind is None else {"$ref": REFERENCE.format(name=kind.__name__)}
    parts: Json = {
        "parameters": _path_parameters(route.path),
        "responses": _responses({} if route.status == NO_CONTENT else {JSON: answer}, status=route.status),
    }
    if _is_packed(route):
        parts["parameters"].append(_parameter("if-none-match", "header", False))
        parts["responses"] = {
            **_responses({MEDIA: {}}),
            str(NOT_MODIFIED): {
                "description": "The caller has the answer: nothing it depends on has changed."
            },
        }
    if route.method in BODILESS:
        parts["parameters"] += _query_parameters(schema, in_path)
    elif route.method != "DELETE" or set(schema["properties"]) > in_path:
        body = (
            _without(schema, in_path) if in_path else {"$ref": REFERENCE.format(name=route.request.__name__)}
        )
        parts["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    return parts


def _raw_parts(route: Route) -> Json:
    shape = shape_of(route.method, route.path)
    parts: Json = {
        "parameters": [
            *_path_parameters(route.path),
            *(_parameter(name, "query", needed) for name, needed in shape.query.items()),
            *(_parameter(name, "header", needed) for name, needed in shape.headers.items()),
        ],
        "responses": _responses({media: _schema_of_media(media) for media in shape.answer}, shape.error),
    }
    if "range" in shape.headers:
        parts["responses"]["206"] = {
            **parts["responses"]["200"],
            "description": "The range that was asked for.",
        }
    if shape.body:
        content = {media: {"schema": _schema_of_media(media)} for media in shape.body}
        parts["requestBody"] = {"required": True, "content": content}
    return parts


def _schema_of_media(media: str) -> Json:
    return {"type": "object"} if media == JSON else {}


def _responses(content: dict[str, Json], error: str = "Error", status: int = 200) -> Json:
    answers = {media: {"schema": schema} if schema else {} for media, schema in content.items()}
    done: Json = {"description": "Done.", "content": answers} if answers else {"description": "Done."}
    return {str(status): done, "default": {"$ref": f"#/components/responses/{error}"}}


def _error() -> Json:
    content = {JSON: {"schema": {"$ref": REFERENCE.format(name=ErrorMessage.__name__)}}}
    return {"description": "Refused, or failed; the code says why.", "content": content}


def _path_names(path: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", path))


def _path_parameters(path: str) -> list[Json]:
    found = []
    for name, kind in re.findall(r"\{(\w+)(:path)?\}", path):
        parameter = _parameter(name, "path", True)
        if kind:
            parameter["description"] = "The rest of the path; it may hold slashes."
        found.append(parameter)
    return found


def _query_parameters(schema: Json, in_path: set[str]) -> list[Json]:
    needed = schema.get("required", ())
    return [
        _parameter(name, "query", name in needed, _present(kind))
        for name, kind in schema["properties"].items()
        if name not in in_path
    ]


def _present(schema: Json) -> Json:
    """A query parameter is there or not; null cannot be sent."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if not kinds:
        return schema
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _parameter(name: str, place: str, required: bool, schema: Json | None = None) -> Json:
    return {"name": name, "in": place, "required": required, "schema": schema or {"type": "string"}}


def _without(schema: Json, names: set[str]) -> Json:
    """A struct's schema for a body whose other fields come from the path."""
    fields = {name: kind for name, kind in schema["properties"].items() if name not in names}
    needed = [name for name in schema.get("required", ()) if name not in names]
    return {"type": "object", "properties": fields, "required": needed}
