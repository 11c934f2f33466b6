"""Runyard's Model; what deployments need arrives with a later release."""

from runyard.client.azureml_later import SERVING, absent
from runyard.sdk.model import Model

__all__ = ["Model"]

__getattr__ = absent("azureml.core.model", {"InferenceConfig": SERVING, "ModelPackage": SERVING})
