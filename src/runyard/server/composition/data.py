"""Composition of what people bring: datastores, datasets, secrets."""

from __future__ import annotations

from runyard.artifacts.cloud.outlet import Outlet
from runyard.server.composition.foundation import Foundation
from runyard.server.routes.api import datasets, datastores, secrets
from runyard.server.routing import Route
from runyard.server.settings import split
from runyard.services.datastore_kinds import DatastoreKinds
from runyard.services.datastores import DatastoreService
from runyard.services.registered_datasets import RegisteredDatasetService
from runyard.services.secrets import SecretService
from runyard.store.sql.datastores import SqlDatastores
from runyard.store.sql.name_pages import NamePages
from runyard.store.sql.registered_datasets import SqlRegisteredDatasets
from runyard.store.sql.secrets import SqlSecrets


class Data:
    """Services and routes. `outlet` is started before the first request; both it and `datastores` are closed at the end."""

    def __init__(self, base: Foundation) -> None:
        self._base = base
        self.outlet = Outlet(base.hosts.connect)
        kinds = DatastoreKinds(
            base.mount,
            split(base.settings.datastore_roots),
            str(base.settings.data_dir),
            base.hosts,
            lambda: base.settings.datastore_proxy or self.outlet.url,
        )
        self.datastores = DatastoreService(
            SqlDatastores(base.database), kinds, base.vault, NamePages(base.key, "datastore files")
        )

    def routes(self) -> list[Route]:
        """All of them."""
        database, key = self._base.database, self._base.key
        return [
            *datastores.routes(self.datastores),
            *datasets.routes(RegisteredDatasetService(SqlRegisteredDatasets(database, key))),
            *secrets.routes(SecretService(SqlSecrets(database, key), self._base.vault)),
        ]
