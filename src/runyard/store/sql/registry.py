"""The registry of models on a database."""

from __future__ import annotations

from runyard.store.sql.model_versions import SqlModelVersions
from runyard.store.sql.registered_models import SqlRegisteredModels


class SqlRegistry(SqlRegisteredModels, SqlModelVersions):
    """RegistryStore: registered models and their versions."""
