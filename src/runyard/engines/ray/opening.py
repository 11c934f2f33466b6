"""An engine from what a compute target says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runyard.engines.ray.engine import RayEngine
from runyard.engines.ray.http import RayHttp
from runyard.engines.shell.contracts import Reach
from runyard.entities.compute_settings import RaySettings


def open_ray(settings: RaySettings, credentials: Mapping[str, Any], reach: Reach) -> RayEngine:
    """Nothing is sent yet. Raises: EngineRefused."""
    headers = {**settings.headers, **credentials.get("headers", {})}
    return RayEngine(RayHttp(settings.address, headers, reach.connect), settings)
