"""Runyard's Environment, and what it is made of."""

from runyard.sdk.conda_dependencies import CondaDependencies
from runyard.sdk.environment import Environment
from runyard.sdk.environment_sections import DEFAULT_IMAGE as DEFAULT_CPU_IMAGE
from runyard.sdk.environment_sections import DEFAULT_IMAGE as DEFAULT_GPU_IMAGE
from runyard.sdk.environment_sections import (
    ContainerRegistry,
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkSection,
)

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "CondaDependencies",
    "ContainerRegistry",
    "DatabricksSection",
    "DockerSection",
    "Environment",
    "PythonSection",
    "SparkSection",
]
