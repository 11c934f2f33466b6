"""The error of a compute target that is not there; the targets arrive with a later release."""

from runyard.client.azureml_later import JOBS, absent
from runyard.sdk.exceptions import ComputeTargetException

__all__ = ["ComputeTargetException"]

__getattr__ = absent("azureml.core.compute_target", {"ComputeTarget": JOBS})
