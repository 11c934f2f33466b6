"""Runyard's Workspace, whose tracking URI begins as Azure ML's does."""

from importlib.util import find_spec

from runyard.sdk import workspace as sdk

__all__ = ["Workspace"]


class Workspace(sdk.Workspace, public=True):
    """A workspace; see `runyard.Workspace`."""

    # MLflow knows azureml:// only where azureml-mlflow is installed.
    tracking_scheme = "azureml" if find_spec("azureml.mlflow") else "runyard"

    def get_mlflow_tracking_uri(self, with_auth: bool = True) -> str:
        """azureml://HOST/history/v1.0/subscriptions/…/workspaces/NAME?auth-type=…&auth=TOKEN

        Args:
            with_auth: put a token into it, good for this workspace and at most one hour. Each call makes a fresh one.
        """
        uri = super().get_mlflow_tracking_uri(with_auth)
        if self.tracking_scheme != "azureml":
            return uri
        return uri.replace("?auth=", "?auth-type=ArmTokenAuthentication&auth=", 1)
