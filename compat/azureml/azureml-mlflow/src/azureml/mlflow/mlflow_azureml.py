"""`mlflow.azureml`, which MLflow had before 2.0. Its `build_image` and `deploy` arrive with a later release of Runyard."""

from runyard.client.azureml_later import SERVING, absent

__getattr__ = absent("mlflow.azureml", {"build_image": SERVING, "deploy": SERVING})
