"""Composition: the one place that chooses concrete classes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runyard.artifacts.cloud.outlet import Outlet
from runyard.artifacts.opening import mount_datastore
from runyard.server.access import Access
from runyard.server.application import Application, Lifespan
from runyard.server.client_addresses import ClientAddresses
from runyard.server.dispatch import RouteDispatcher
from runyard.server.gate import Gate
from runyard.server.metrics import ServerMetrics, StoreCollector, StoreNumbers
from runyard.server.people import people_routes
from runyard.server.routes import description, health, journals, otlp, simple
from runyard.server.routes.api import (
    alerts,
    datasets,
    datastores,
    resource_groups,
    run_points,
    run_records,
    secrets,
    transfer,
    workspaces,
)
from runyard.server.routes.mlflow import (
    artifacts,
    dataset_search,
    experiments,
    logged_models,
    metrics,
    registry,
    runs,
    trace_files,
    trace_metrics,
    traces,
)
from runyard.server.routes.mlflow import workspaces as mlflow_workspaces
from runyard.server.routing import RouteTable
from runyard.server.settings import Settings, is_loopback, secret_key, split
from runyard.server.storage import open_database
from runyard.server.webhooks import WebhookPoster
from runyard.services.alerts import AlertService
from runyard.services.artifacts import ArtifactService
from runyard.services.audit import AuditTrail
from runyard.services.dataset_search import DatasetSearchService
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.services.datastore_kinds import DatastoreKinds
from runyard.services.datastores import DatastoreService
from runyard.services.experiments import ExperimentService
from runyard.services.identity import IdentityService
from runyard.services.journals import JournalService
from runyard.services.liveness import LivenessService
from runyard.services.logged_models import LoggedModelService
from runyard.services.metrics import MetricService
from runyard.services.places import ExperimentPlaces
from runyard.services.registered_datasets import RegisteredDatasetService
from runyard.services.registry import RegistryService
from runyard.services.roots import SourceRoots, StoredRoots
from runyard.services.run_points import RunPointService
from runyard.services.run_records import RunRecordService
from runyard.services.runs import RunService
from runyard.services.secrets import SecretService
from runyard.services.throttle import LoginThrottle
from runyard.services.trace_metrics import TraceMetricService
from runyard.services.traces import TraceService
from runyard.services.tracking_tokens import TrackingTokens
from runyard.services.transfer import TransferService
from runyard.services.vault import Vault
from runyard.services.wheel_sources import all_wheels
from runyard.services.wheels import WheelService
from runyard.services.workspaces import WorkspaceService
from runyard.store.sql import schema
from runyard.store.sql.alerts import SqlAlerts
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.compaction import Compactor
from runyard.store.sql.dataset_search import SqlDatasetSearch
from runyard.store.sql.datastores import SqlDatastores
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.identity import SqlIdentity
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.liveness import SqlLiveness
from runyard.store.sql.logged_models import SqlLoggedModels, record_metrics
from runyard.store.sql.login_failures import SqlLoginFailures
from runyard.store.sql.marks import MarkedDatabase
from runyard.store.sql.metrics import SqlMetrics
from runyard.store.sql.name_pages import NamePages
from runyard.store.sql.purger import Purger
from runyard.store.sql.registered_datasets import SqlRegisteredDatasets
from runyard.store.sql.registry import SqlRegistry
from runyard.store.sql.run_records import SqlRunRecords
from runyard.store.sql.runs import SqlRuns
from runyard.store.sql.secrets import SqlSecrets
from runyard.store.sql.trace_metrics import SqlTraceMetrics
from runyard.store.sql.traces import SqlTraces
from runyard.store.sql.transfer.store import SqlTransfer
from runyard.store.sql.watcher import Watcher
from runyard.store.sql.workspaces import SqlWorkspaces
from runyard.wire.mlflow.runs import render

ARTIFACT_ROOT = "mlflow-artifacts:"
LIVENESS_S = 120
PURGE_GRACE_MS = 10_000  # longer than any server remembers that a workspace was there


@dataclass(frozen=True)
class Runtime:
    """A composed server."""

    application: Application
    lifespan: Lifespan


def build(settings: Settings) -> Runtime:
    """Everything that one server process needs, opened.

    Raises: RunyardError, when the database or datastore cannot be used.
    """
    database = open_database(settings)
    page_key = secret_key(settings)
    identity_store = SqlIdentity(database)
    trail = AuditTrail(SqlAudit(database, page_key))
    tracking_tokens = TrackingTokens(page_key, time.time)
    identity = IdentityService(
        identity_store,
        tracking_tokens,
        LoginThrottle(SqlLoginFailures(database), time.time, proxies=bool(settings.trusted_proxies)),
        local=not settings.needs_login,
        trail=trail,
    )
    access = Access(identity, identity_store, secure=settings.is_secure)
    mount = mount_datastore(settings.artifacts or str(settings.data_dir / "artifacts"))
    marked = MarkedDatabase(database)
    run_store = SqlRuns(marked, page_key, render, record_metrics)
    model_store = SqlLoggedModels(marked, page_key)
    journal_store = SqlJournals(database, ARTIFACT_ROOT)
    compactor = Compactor(database)
    registry_service = RegistryService(SqlRegistry(database, page_key), SourceRoots(run_store, model_store))
    roots = StoredRoots(run_store, model_store, registry_service)
    trace_service = TraceService(SqlTraces(marked, page_key))
    artifact_service = ArtifactService(mount, roots, identity_store)
    experiment_places = ExperimentPlaces(mount, identity_store)
    experiment_service = ExperimentService(SqlExperiments(marked, page_key), ARTIFACT_ROOT, experiment_places)
    dispatcher = RouteDispatcher(access, trail, experiment_service)
    purger = Purger(database, artifact_service.delete_workspace, compactor.turn, PURGE_GRACE_MS)
    workspace_service = WorkspaceService(
        SqlWorkspaces(database, page_key, ARTIFACT_ROOT), identity, tracking_tokens, access.forget
    )
    vault = Vault(page_key, [key.encode() for key in split(settings.previous_secret_keys)])
    hosts = DatastoreHosts(split(settings.datastore_hosts), local=not settings.needs_login)
    outlet = Outlet(hosts.connect)
    kinds = DatastoreKinds(
        mount,
        split(settings.datastore_roots),
        str(settings.data_dir),
        hosts,
        lambda: settings.datastore_proxy or outlet.url,
    )
    datastore_service = DatastoreService(
        SqlDatastores(database), kinds, vault, NamePages(page_key, "datastore files")
    )
    liveness_service = LivenessService(SqlLiveness(database), journal_store, settings.liveness_s)
    alert_service = AlertService(SqlAlerts(database), vault, hosts, WebhookPoster(hosts.connect))
    watcher = Watcher(database, alert_service.deliver, settings.liveness_s or LIVENESS_S)
    watched = ServerMetrics()

    def numbers() -> StoreNumbers:
        stats = database.writer.stats
        return StoreNumbers(
            queue_depth=database.writer.depth,
            commits=stats.commits,
            writes=stats.writes,
            commit_seconds=stats.commit_seconds,
            points=run_store.points_accepted + journal_store.points_accepted,
            database_bytes=database.size_bytes(),
            artifact_bytes=artifact_service.accepted_bytes,
        )

    watched.registry.register(StoreCollector(numbers))

    async def probe() -> None:
        await database.read(lambda c: c.one("SELECT 1"))
        await database.write(schema.probe)

    table = RouteTable(
        [
            *health.routes(watched, probe),
            *experiments.routes(experiment_service),
            *dataset_search.routes(DatasetSearchService(SqlDatasetSearch(database))),
            *runs.routes(RunService(run_store)),
            *run_points.routes(RunPointService(SqlMetrics(database, page_key))),
            *run_records.routes(RunRecordService(SqlRunRecords(marked, page_key))),
            *metrics.routes(MetricService(SqlMetrics(database, page_key))),
            *logged_models.routes(LoggedModelService(model_store)),
            *registry.routes(registry_service),
            *traces.routes(trace_service),
            *trace_files.routes(trace_service, artifact_service),
            *trace_metrics.routes(TraceMetricService(SqlTraceMetrics(database))),
            *otlp.routes(trace_service),
            *journals.routes(
                JournalService(journal_store, dispatcher, lambda: database.writer.depth), liveness_service
            ),
            *alerts.routes(alert_service, liveness_service),
            *artifacts.routes(artifact_service),
            *workspaces.routes(workspace_service),
            *resource_groups.routes(workspace_service),
            *mlflow_workspaces.routes(workspace_service),
            *simple.routes(WheelService(all_wheels)),
            *datastores.routes(datastore_service),
            *datasets.routes(RegisteredDatasetService(SqlRegisteredDatasets(database, page_key))),
            *secrets.routes(SecretService(SqlSecrets(database, page_key), vault)),
            *transfer.routes(
                TransferService(
                    SqlTransfer(database, page_key), artifact_service, ARTIFACT_ROOT, experiment_places
                )
            ),
            *people_routes(database, page_key, access, trail, settings),
            *description.routes(lambda: table.routes),
        ]
    )

    dispatcher.routes = table

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await outlet.start()
        async with compactor.running(), purger.running(), watcher.running():
            yield
        await database.close()
        await datastore_service.aclose()
        await outlet.aclose()
        await mount.datastore.aclose()

    gate = Gate(
        split(settings.allowed_hosts),
        split(settings.allowed_origins),
        loopback_only=is_loopback(settings.host),
    )
    clients = ClientAddresses(split(settings.trusted_proxies))
    return Runtime(Application(table, gate, access, trail, watched, lifespan, clients), lifespan)
