"""The page of a run as our API spells it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.run_page import RunBrief, RunPage


class RunOfPage(msgspec.Struct):
    run_id: str


class RunBriefMessage(msgspec.Struct):
    """A run in one line."""

    run_id: str
    experiment_id: str
    name: str
    status: str
    stage: str
    start_ms: int | None
    end_ms: int | None


class MadeVersionMessage(msgspec.Struct):
    """A version of a registered model that was made from the run."""

    name: str
    version: int
    stage: str
    status: str
    created_ms: int
    aliases: list[str]


class MadeModelMessage(msgspec.Struct):
    """A model that the run logged."""

    model_id: str
    name: str
    model_type: str
    status: str


class LifeMessage(msgspec.Struct):
    """The last sign of life, when the next one is due, and since when the run counts as lost."""

    host: str
    beat_ms: int
    due_ms: int
    lost_ms: int | None


class ExperimentBrief(msgspec.Struct):
    experiment_id: str
    name: str
    stage: str


class RunPageAnswer(msgspec.Struct):
    """`run` is the run as runs/get answers it. `more_…`: there are others beyond the hundred that are shown."""

    run: msgspec.Raw
    version: int
    experiment: ExperimentBrief
    parent: RunBriefMessage | None
    children: list[RunBriefMessage]
    more_children: bool
    model_versions: list[MadeVersionMessage]
    more_model_versions: bool
    logged_models: list[MadeModelMessage]
    more_logged_models: bool
    life: LifeMessage | None
    lost: str | None
    series: int
    points: int


def briefs(runs: Sequence[RunBrief]) -> list[RunBriefMessage]:
    """Runs in one line each."""
    return [brief_of(run) for run in runs]


def brief_of(run: RunBrief) -> RunBriefMessage:
    """A run in one line."""
    return RunBriefMessage(
        run.run_id,
        str(run.experiment_id),
        run.name,
        run.status.name,
        run.stage.text,
        run.start_ms,
        run.end_ms,
    )


def page_answer(page: RunPage) -> RunPageAnswer:
    """The whole page."""
    life = page.life
    return RunPageAnswer(
        run=msgspec.Raw(page.document),
        version=page.version,
        experiment=ExperimentBrief(str(page.experiment_id), page.experiment_name, page.experiment_stage.text),
        parent=None if page.parent is None else brief_of(page.parent),
        children=briefs(page.children),
        more_children=page.more_children,
        model_versions=[
            MadeVersionMessage(one.name, one.version, one.stage, one.status.name, one.created_ms, one.aliases)
            for one in page.versions
        ],
        more_model_versions=page.more_versions,
        logged_models=[
            MadeModelMessage(one.model_id, one.name, one.model_type, one.status.text) for one in page.models
        ],
        more_logged_models=page.more_models,
        life=None if life is None else LifeMessage(life.host, life.beat_ms, life.due_ms, life.lost_ms),
        lost=page.lost,
        series=page.series,
        points=page.points,
    )
