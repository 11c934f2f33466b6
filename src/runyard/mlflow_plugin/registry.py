"""MLflow's store of registered models: a version is made once what it is made of has been sent."""

from __future__ import annotations

from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.model_registry.rest_store import RestStore

from runyard.client.addresses import Address
from runyard.mlflow_plugin.errors import needs_server
from runyard.mlflow_plugin.journals import OpenJournal, elsewhere

NEEDS_FILES = "CreateModelVersion"


class JournalRegistryStore(RestStore):  # type: ignore[misc]
    """Registered models and their versions. They are not journaled: their numbers come from the server."""

    def __init__(self, journal: OpenJournal, address: Address) -> None:
        super().__init__(journal.credentials)
        self._journal = journal
        self._address = address

    def _call_endpoint(self, api: Any, *args: Any, **options: Any) -> Any:
        """Every request of MLflow's class."""
        if self._journal.reach.offline:
            raise needs_server(api.__name__)
        if api.__name__ == NEEDS_FILES:
            self._send_first()
        return super()._call_endpoint(api, *args, **options)

    def _send_first(self) -> None:
        """Raises: MlflowException, when what was logged cannot be sent now."""
        journal = elsewhere(self._address) or self._journal
        recorder = journal.recorder
        if recorder.sent >= recorder.seq:
            return
        state = journal.drain()
        if not state.sent:
            raise MlflowException(
                f"No version of a model can be made before its files are at the server: {state.waiting} records wait in "
                f"{recorder.folder} ({state.trouble or 'offline, or slow'}). Register it once they are sent.",
                TEMPORARILY_UNAVAILABLE,
            )
