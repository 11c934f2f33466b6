"""Where records keep their artifacts."""

from __future__ import annotations

from typing import Protocol

from runyard.services.context import Context


class _Runs(Protocol):
    async def artifact_uri(self, workspace_id: int, run_id: str) -> str: ...


class _Models(Protocol):
    async def artifact_uri(self, workspace_id: int, model_id: str) -> str: ...


class _Versions(Protocol):
    async def download_uri(self, ctx: Context, name: str, version: str) -> str: ...


class SourceRoots:
    """Roots of runs and logged models, which a model version may come from."""

    def __init__(self, runs: _Runs, models: _Models) -> None:
        self._runs = runs
        self._models = models

    async def run(self, ctx: Context, run_id: str) -> str:
        """Raises: NotFound."""
        return await self._runs.artifact_uri(ctx.workspace_id, run_id)

    async def logged_model(self, ctx: Context, model_id: str) -> str:
        """Raises: NotFound."""
        return await self._models.artifact_uri(ctx.workspace_id, model_id)


class StoredRoots(SourceRoots):
    """ArtifactRoots from the stores."""

    def __init__(self, runs: _Runs, models: _Models, versions: _Versions) -> None:
        super().__init__(runs, models)
        self._versions = versions

    async def model_version(self, ctx: Context, name: str, version: str) -> str:
        """Raises: NotFound."""
        return await self._versions.download_uri(ctx, name, version)
