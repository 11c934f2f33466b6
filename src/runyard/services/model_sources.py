"""Where the files of a new model version may be, and where a source leads."""

from __future__ import annotations

from typing import Protocol

from runyard.artifacts import paths
from runyard.artifacts.uris import (
    LoggedModelUri,
    ProxiedUri,
    RegisteredModelUri,
    RunUri,
    StorageUri,
    parse_artifact_uri,
)
from runyard.errors import InvalidInput, shown
from runyard.services.context import Context
from runyard.services.places import MODELS


class SourceRoots(Protocol):
    """Where runs and logged models keep their artifacts; URIs as stored. Each raises NotFound."""

    async def run(self, ctx: Context, run_id: str) -> str:
        """The artifact URI of a run."""
        ...

    async def logged_model(self, ctx: Context, model_id: str) -> str:
        """The artifact URI of a logged model that is not deleted."""
        ...


class SourceRules:
    """Checks a source against the run and the logged model that a request names.

    Raises, from every method: InvalidInput, when the source lies elsewhere; NotFound for the run or model.
    """

    def __init__(self, roots: SourceRoots) -> None:
        self._roots = roots

    async def location(self, ctx: Context, name: str, source: str, run_id: str, model_id: str) -> str:
        """Where the files are. A registered model's URI is refused: its store must be asked.

        Args:
            name: of the registered model; files that were uploaded for it lie below `models/<name>` of the workspace.
            run_id, model_id: what the request names, "" when it names none.
        """
        uri = parse_source(source)
        if isinstance(uri, RunUri):
            if uri.run_id != run_id:
                raise _elsewhere(source, "run_id")
        elif isinstance(uri, LoggedModelUri):
            if uri.model_id != model_id:
                raise _elsewhere(source, "model_id")
            root = await self._roots.logged_model(ctx, model_id)
            return f"{root}/{uri.path}" if uri.path else root
        elif isinstance(uri, ProxiedUri):
            if not _is_kept_with(name, uri) and not await self._below_a_root(ctx, uri, run_id, model_id):
                raise _elsewhere(source, "run_id")
        elif isinstance(uri, StorageUri) and uri.scheme == "file":
            if not run_id or not await self._below_a_root(ctx, uri, run_id, ""):
                raise local_path_refused(source)
        return source

    async def _below_a_root(
        self, ctx: Context, uri: ProxiedUri | StorageUri, run_id: str, model_id: str
    ) -> bool:
        if run_id and _below(uri, await self._roots.run(ctx, run_id)):
            return True
        return bool(model_id) and _below(uri, await self._roots.logged_model(ctx, model_id))


def parse_source(source: str) -> RunUri | LoggedModelUri | RegisteredModelUri | ProxiedUri | StorageUri:
    """A source as a URI; an absolute path counts as a local file.

    Raises: InvalidInput.
    """
    if source.startswith("/"):
        return parse_artifact_uri(f"file:{source}")
    if ":" not in source:
        raise local_path_refused(source)
    return parse_artifact_uri(source.rstrip("/"))


def local_path_refused(source: str) -> InvalidInput:
    """The error for a local path outside the run's artifacts."""
    return InvalidInput(
        f"Invalid model version source: {paths.shortened(source)}. A local path needs the parameter run_id and must "
        "lie inside the artifact directory of that run."
    )


def _is_kept_with(name: str, uri: ProxiedUri) -> bool:
    return f"{uri.path}/".startswith(f"{MODELS}/{name}/")


def _below(uri: ProxiedUri | StorageUri, root_text: str) -> bool:
    root = parse_artifact_uri(f"file:{root_text}" if root_text.startswith("/") else root_text)
    if isinstance(uri, ProxiedUri):
        return isinstance(root, ProxiedUri) and f"{uri.path}/".startswith(f"{root.path}/")
    return isinstance(root, StorageUri) and uri.below(root) is not None


def _elsewhere(source: str, parameter: str) -> InvalidInput:
    return InvalidInput(
        f"Invalid model version source: {shown(source)}. The {parameter} request parameter must identify the "
        "resource that contains the source."
    )
