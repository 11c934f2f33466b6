"""`mlflow.azureml`, which current MLflow does not have: importable first of all, and plain about what is to come."""

import mlflow.azureml

try:
    from mlflow.azureml import build_image
except ImportError as problem:
    assert "later release" in str(problem), problem
else:
    raise AssertionError(build_image)

try:
    print(mlflow.azureml.deploy)
except ImportError as problem:
    assert "mlflow.azureml.deploy is not in Runyard" in str(problem), problem
else:
    raise AssertionError("there is a deploy that nobody wrote")

import azureml.mlflow

assert callable(azureml.mlflow.get_portal_url)
assert callable(azureml.mlflow.register_model)
assert callable(azureml.mlflow.azureml_store_builder)
assert callable(azureml.mlflow.azureml_artifacts_builder)
