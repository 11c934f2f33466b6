"""Statements about the page of a run."""

from __future__ import annotations

from runyard.entities.alert import LOST_TAG
from runyard.entities.common import Stage
from runyard.entities.log_rules import run_absent
from runyard.entities.logged_model import ModelStatus
from runyard.entities.registry import VersionStatus
from runyard.entities.run import PARENT_TAG, RunStatus
from runyard.entities.run_page import Life, MadeModel, MadeVersion, RunBrief, RunPage
from runyard.entities.run_table import RunInfo
from runyard.store.contracts import Seen
from runyard.store.sql import run_docs
from runyard.store.sql.database import Connection, Database, Row
from runyard.store.sql.run_table import key_ids, load_infos
from runyard.store.sql.runs import GET_TAG
from runyard.store.sql.search.fragments import PREFIX
from runyard.store.sql.visible_experiments import is_seen

SHOWN = 100
EXPERIMENT = "SELECT name, stage FROM experiments WHERE id = ?"
CHILDREN = f"""SELECT r.uuid, r.experiment_id, r.name, r.status, r.stage, r.start_ms, r.end_ms
    FROM run_tags t JOIN runs r ON r.id = t.run_id WHERE t.experiment_id = ? AND t.key_id = ? AND t.value = ?
    AND r.stage = {int(Stage.ACTIVE)} ORDER BY t.run_id DESC LIMIT {SHOWN + 1}"""
VERSIONS = f"""SELECT v.model_id, m.name, v.version, v.stage, v.status, v.created_ms FROM model_versions v
    JOIN registered_models m ON m.id = v.model_id WHERE v.run_uuid = ? AND v.workspace_id = ?
    ORDER BY v.created_ms DESC, m.name, v.version DESC LIMIT {SHOWN + 1}"""
ALIASES = "SELECT alias FROM registered_model_aliases WHERE model_id = ? AND version = ? ORDER BY alias"
MODELS = f"""SELECT uuid, name, model_type, status, experiment_id FROM logged_models
    WHERE source_run_uuid = ? AND workspace_id = ? AND stage = {int(Stage.ACTIVE)}
    ORDER BY created_ms, uuid LIMIT {SHOWN + 1}"""
LIFE = "SELECT host, beat_ms, due_ms, lost_ms FROM run_beats WHERE run_id = ?"
SERIES = "SELECT count(*), coalesce(sum(count), 0) FROM series WHERE run_id = ?"


class SqlRunPage:
    """RunPageStore on a Database.

    Args:
        render: makes the document of a run.
    """

    def __init__(self, database: Database, render: run_docs.Render) -> None:
        self._database = database
        self._render = render

    async def page(
        self, workspace_id: int, run_id: str, seen: Seen | None, models: Seen | None, *, versions: bool
    ) -> RunPage:
        """A dozen small statements on one snapshot."""

        def work(c: Connection) -> RunPage:
            found = load_infos(c, workspace_id, [run_id])
            if not found:
                raise run_absent(run_id)
            info = found[0]
            experiment = c.one(EXPERIMENT, (info.experiment_id,))
            assert experiment is not None
            children = _children(c, info)
            made = _versions(c, workspace_id, run_id) if versions else []
            logged = [
                MadeModel(row[0], row[1], row[2], ModelStatus(row[3]))
                for row in c.all(MODELS, (run_id, workspace_id))
                if is_seen(models, row[4])
            ]
            life, lost = c.one(LIFE, (info.handle,)), c.one(GET_TAG, (info.handle, LOST_TAG))
            counted = c.one(SERIES, (info.handle,))
            assert counted is not None
            return RunPage(
                document=run_docs.documents(c, [info.handle], self._render).bodies[0],
                version=info.version,
                experiment_id=info.experiment_id,
                experiment_name=experiment[0],
                experiment_stage=Stage(experiment[1]),
                parent=_parent(c, workspace_id, info, seen),
                children=children[:SHOWN],
                more_children=len(children) > SHOWN,
                versions=made[:SHOWN],
                more_versions=len(made) > SHOWN,
                models=logged[:SHOWN],
                more_models=len(logged) > SHOWN,
                life=None if life is None else Life(*life),
                lost=None if lost is None else lost[0],
                series=int(counted[0]),
                points=int(counted[1]),
            )

        return await self._database.read(work)


def _children(c: Connection, info: RunInfo) -> list[RunBrief]:
    """Active runs of its experiment that name it as their parent, the newest first."""
    if not info.children:
        return []
    key_id = key_ids(c, [PARENT_TAG])[PARENT_TAG]
    rows = c.all(CHILDREN, (info.experiment_id, key_id, info.run_id[:PREFIX]))
    return [brief(row) for row in rows]


def brief(row: Row) -> RunBrief:
    """From uuid, experiment_id, name, status, stage, start_ms, end_ms."""
    return RunBrief(row[0], row[1], row[2], RunStatus(row[3]), Stage(row[4]), row[5], row[6])


def _parent(c: Connection, workspace_id: int, info: RunInfo, seen: Seen | None) -> RunBrief | None:
    found = load_infos(c, workspace_id, [info.parent]) if info.parent else []
    if not found or not is_seen(seen, found[0].experiment_id):
        return None
    one = found[0]
    return brief((one.run_id, one.experiment_id, one.name, one.status, one.stage, one.start_ms, one.end_ms))


def _versions(c: Connection, workspace_id: int, run_id: str) -> list[MadeVersion]:
    found = []
    for model_id, name, version, stage, status, created_ms in c.all(VERSIONS, (run_id, workspace_id)):
        aliases = [alias for (alias,) in c.all(ALIASES, (model_id, version))]
        found.append(MadeVersion(name, version, stage, VersionStatus(status), created_ms, aliases))
    return found
