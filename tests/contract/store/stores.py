"""Every store on one database, driven from plain code, for the suite that both databases pass."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from runyard.entities.common import Page, Tag, ViewType
from runyard.entities.run import MetricPoint, NewRun
from runyard.store.sql.access_tokens import SqlAccessTokens
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.dataset_search import SqlDatasetSearch
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.identity import SqlIdentity
from runyard.store.sql.logged_models import SqlLoggedModels, record_metrics
from runyard.store.sql.metrics import SqlMetrics
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.principals import SqlPrincipals
from runyard.store.sql.registry import SqlRegistry
from runyard.store.sql.roles import SqlRoles
from runyard.store.sql.run_records import SqlRunRecords
from runyard.store.sql.runs import SqlRuns
from runyard.store.sql.sqlite import SqliteDatabase
from runyard.store.sql.traces import SqlTraces
from runyard.wire.mlflow.runs import render

T = TypeVar("T")
PAGE_KEY = b"k" * 32
ROOT = "mlflow-artifacts:"
AWKWARD = ("ünï", "日本語", "🙂", "a'b\"c", "100%", "_", "back\\slash", " space ", "é", "new\nline")
"""Names that databases like to change; the ninth is e and a combining accent."""


class Stores:
    """What one server has, in a workspace of its own."""

    def __init__(self, database: SqliteDatabase | PostgresDatabase, runner: asyncio.Runner) -> None:
        self.database = database
        self.runner = runner
        self.experiments = SqlExperiments(database, PAGE_KEY)
        self.runs = SqlRuns(database, PAGE_KEY, render, record_metrics)
        self.records = SqlRunRecords(database, PAGE_KEY)
        self.metrics = SqlMetrics(database, PAGE_KEY)
        self.datasets = SqlDatasetSearch(database)
        self.models = SqlLoggedModels(database, PAGE_KEY)
        self.registry = SqlRegistry(database, PAGE_KEY)
        self.traces = SqlTraces(database, PAGE_KEY)
        self.identity = SqlIdentity(database)
        self.principals = SqlPrincipals(database, PAGE_KEY)
        self.tokens = SqlAccessTokens(database, PAGE_KEY)
        self.roles = SqlRoles(database, PAGE_KEY)
        self.audit = SqlAudit(database, PAGE_KEY)
        self.workspace = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return self.runner.run(work)

    def at_once(self, *works: Awaitable[object]) -> list[object]:
        """What each answers or raises when all run at the same time."""

        async def together() -> list[object]:
            return await asyncio.gather(*works, return_exceptions=True)

        return self.do(together())

    def enter_new_workspace(self) -> None:
        """From now on records are made apart from all others."""
        name = uuid.uuid4().hex
        sql = "INSERT INTO workspaces (name) VALUES (?) RETURNING id"
        row = self.do(self.database.write(lambda tx: tx.one(sql, (name,))))
        assert row is not None
        self.workspace = int(row[0])

    def new_experiment(self, name: str = "") -> int:
        """The id of an experiment."""
        create = self.experiments.create(self.workspace, name or uuid.uuid4().hex, ROOT, None, [])
        return self.do(create)

    def new_run(
        self,
        experiment_id: int | None = None,
        name: str = "r",
        tags: Sequence[Tag] = (),
        *,
        start_ms: int = 1_000,
    ) -> str:
        """The id of a run, in an experiment of its own unless one is given."""
        experiment_id = self.new_experiment() if experiment_id is None else experiment_id
        run_id = uuid.uuid4().hex
        self.do(
            self.runs.create(self.workspace, NewRun(run_id, experiment_id, name, "u", start_ms, list(tags)))
        )
        return run_id

    def log(self, run_id: str, *points: MetricPoint, **rest: Any) -> None:
        """Points, and params or tags by name."""
        self.do(self.runs.log(self.workspace, run_id, metrics=points, **rest))

    def run(self, run_id: str) -> Any:
        """A run as clients read it."""
        return json.loads(self.do(self.runs.get(self.workspace, run_id)))

    def data(self, run_id: str, what: str) -> dict[str, Any]:
        """Values of the run's params or tags by key; of its metrics (value, step, timestamp)."""
        rows = self.run(run_id)["data"].get(what, [])
        if what == "metrics":
            return {row["key"]: (row["value"], row["step"], row["timestamp"]) for row in rows}
        return {row["key"]: row["value"] for row in rows}

    def find_runs(
        self,
        experiment_ids: Sequence[int],
        filter_string: str = "",
        order_by: Sequence[str] = (),
        *,
        view: ViewType = ViewType.ACTIVE_ONLY,
        size: int = 100,
        between_pages: Callable[[], None] = lambda: None,
    ) -> list[str]:
        """Ids of all runs found, page after page."""

        def page(token: str | None) -> Page[bytes]:
            return self.do(
                self.runs.search(
                    self.workspace,
                    experiment_ids,
                    view=view,
                    filter_string=filter_string,
                    order_by=order_by,
                    max_results=size,
                    page_token=token,
                )
            )

        return [json.loads(body)["info"]["run_id"] for body in all_pages(page, between_pages)]


def all_pages(
    page: Callable[[str | None], Page[T]], between_pages: Callable[[], None] = lambda: None
) -> list[T]:
    """The items of every page. between_pages runs after each page but the last."""
    found, token = list[T](), None
    while True:
        one = page(token)
        found += one.items
        token = one.next_page_token
        if token is None:
            return found
        between_pages()


def tags_of(tags: Sequence[Tag]) -> dict[str, str]:
    """Values by key."""
    return {tag.key: tag.value for tag in tags}
