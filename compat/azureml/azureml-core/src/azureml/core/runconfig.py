"""Runyard's RunConfiguration, and what it is made of."""

from runyard.sdk.environment_sections import DEFAULT_IMAGE as DEFAULT_CPU_IMAGE
from runyard.sdk.environment_sections import DEFAULT_IMAGE as DEFAULT_GPU_IMAGE
from runyard.sdk.environment_sections import ContainerRegistry
from runyard.sdk.run_configuration import (
    AmlComputeConfiguration,
    DockerConfiguration,
    HistoryConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "AmlComputeConfiguration",
    "ContainerRegistry",
    "DockerConfiguration",
    "HistoryConfiguration",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "RunConfiguration",
    "TensorflowConfiguration",
]
