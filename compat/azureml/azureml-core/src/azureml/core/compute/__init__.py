"""Runyard's compute targets; those that models are deployed to, and Kubernetes, arrive with a later release."""

from runyard.client.azureml_later import KUBERNETES, SERVING, absent
from runyard.sdk.compute_kinds import AmlCompute, LocalCompute, RayCompute, RemoteCompute, SlurmCompute
from runyard.sdk.compute_target import ComputeTarget

__all__ = [
    "AmlCompute",
    "ComputeTarget",
    "LocalCompute",
    "RayCompute",
    "RemoteCompute",
    "SlurmCompute",
]

__getattr__ = absent("azureml.core.compute", {"AksCompute": SERVING, "KubernetesCompute": KUBERNETES})
