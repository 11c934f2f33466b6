"""The trash and the removal of what was in it, on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.entities.change import ChangeKind, Place
from runyard.entities.common import Param, Stage, Tag, ViewType
from runyard.entities.logged_model import NewLoggedModel
from runyard.entities.registry import NewVersion
from runyard.entities.run import MetricPoint
from runyard.entities.trash import TrashedItem, TrashKind
from runyard.errors import InvalidInput, InvalidState, NotFound, StorageUnavailable
from runyard.store.sql.purger import Purger
from runyard.store.sql.trash import SqlTrash
from tests.contract.store.stores import PAGE_KEY, ROOT, Stores, all_pages

EXPERIMENT, RUN, MODEL = TrashKind.EXPERIMENT, TrashKind.RUN, TrashKind.MODEL
ALL = tuple(TrashKind)


class Files:
    """Directories that were removed; the store may be away."""

    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []
        self.away = False

    async def workspace(self, guid: str) -> None: ...

    async def directory(self, guid: str, path: str) -> None:
        if self.away:
            raise StorageUnavailable("away")
        self.removed.append((guid, path))


def trash(stores: Stores) -> SqlTrash:
    return SqlTrash(stores.database, PAGE_KEY)


def listed(
    stores: Stores, kinds: Sequence[TrashKind] = ALL, before_ms: int | None = None
) -> list[tuple[str, str]]:
    def page(token: str | None) -> Any:
        listing = trash(stores).list(
            stores.workspace, kinds, before_ms=before_ms, max_results=2, page_token=token
        )
        return stores.do(listing)

    return [(one.kind.text, one.name) for one in all_pages(page)]


def deleted_run(stores: Stores, experiment: int | None = None, name: str = "r") -> str:
    run = stores.new_run(experiment, name)
    stores.do(stores.runs.set_stage(stores.workspace, run, Stage.DELETED))
    return run


def deleted_experiment(stores: Stores) -> int:
    experiment = stores.new_experiment()
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    return experiment


def deleted_model(stores: Stores, experiment: int | None = None) -> str:
    experiment = stores.new_experiment() if experiment is None else experiment
    new = NewLoggedModel(f"m-{uuid.uuid4().hex}", experiment, "m", "", "", [Tag("t", "1")], [Param("p", "1")])
    stores.do(stores.models.create(stores.workspace, new))
    stores.do(stores.models.delete(stores.workspace, new.uuid))
    return new.uuid


def found(stores: Stores, kind: TrashKind, id: object) -> TrashedItem:
    item = stores.do(trash(stores).find(stores.workspace, kind, str(id)))
    assert item is not None
    return item


def purge(stores: Stores, kind: TrashKind, id: object, files: str = "") -> None:
    assert stores.do(trash(stores).purge(stores.workspace, found(stores, kind, id), files))


def work_off(stores: Stores, files: Files) -> None:
    stores.do(stores.database.write(lambda tx: tx.execute("DELETE FROM leases")))
    worker = Purger(stores.database, files.workspace, files.directory, asyncio.Lock(), 0)
    while stores.do(worker.step()):
        pass


def rows(stores: Stores, table: str, **where: object) -> int:
    sql = f"SELECT count(*) FROM {table} WHERE {' AND '.join(f'{one} = ?' for one in where)}"
    row = stores.do(stores.database.read(lambda c: c.one(sql, tuple(where.values()))))
    assert row is not None
    return int(row[0])


def test_the_last_deleted_come_first_kind_by_kind(stores: Stores) -> None:
    experiment = stores.new_experiment("home")
    for name in ("a", "b", "c"):
        deleted_run(stores, experiment, name)
        stores.do(asyncio.sleep(0.002))
    deleted_model(stores, experiment)
    gone = deleted_experiment(stores)
    assert [kind for kind, _ in listed(stores)] == ["experiment", "run", "run", "run", "model"]
    assert listed(stores, [RUN]) == [("run", "c"), ("run", "b"), ("run", "a")]
    item = found(stores, EXPERIMENT, gone)
    assert (item.experiment_id, item.record_id, item.location) == (gone, gone, f"{ROOT}/{gone}")
    assert item.deleted_ms > 0


def test_what_was_deleted_later_is_left_out_on_request(stores: Stores) -> None:
    first = deleted_run(stores, name="first")
    stores.do(asyncio.sleep(0.003))
    deleted_run(stores, name="second")
    at_ms = found(stores, RUN, first).deleted_ms
    assert listed(stores, [RUN], before_ms=at_ms + 1) == [("run", "first")]
    assert listed(stores, [RUN], before_ms=at_ms) == []


def test_runs_of_a_deleted_experiment_are_part_of_it(stores: Stores) -> None:
    experiment = stores.new_experiment("e")
    run = stores.new_run(experiment)
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    assert listed(stores) == [("experiment", "e")]
    assert stores.do(trash(stores).find(stores.workspace, RUN, run)) is None


def test_what_is_not_deleted_or_elsewhere_is_not_in_it(stores: Stores) -> None:
    run, other = stores.new_run(), deleted_run(stores)
    assert stores.do(trash(stores).find(stores.workspace, RUN, run)) is None
    assert stores.do(trash(stores).find(stores.workspace + 1_000_000, RUN, other)) is None
    for odd in ("", "x", "-1", "9" * 30, "1.5"):
        assert stores.do(trash(stores).find(stores.workspace, EXPERIMENT, odd)) is None


def test_a_token_of_another_list_is_refused(stores: Stores) -> None:
    for _ in range(3):
        deleted_run(stores)
    page = stores.do(
        trash(stores).list(stores.workspace, ALL, before_ms=None, max_results=1, page_token=None)
    )
    for kinds, token in (([RUN], page.next_page_token), (ALL, "x")):
        with pytest.raises(InvalidInput):
            stores.do(
                trash(stores).list(stores.workspace, kinds, before_ms=None, max_results=1, page_token=token)
            )


def test_a_purged_run_is_gone_with_all_its_parts_and_its_files(stores: Stores) -> None:
    experiment = stores.new_experiment()
    kept, run = stores.new_run(experiment), stores.new_run(experiment)
    for one in (kept, run):
        stores.log(one, *(MetricPoint("m", 1.0, 1, step) for step in range(50)), params=[Param("p", "v")])
    stores.do(stores.runs.set_stage(stores.workspace, run, Stage.DELETED))
    record = found(stores, RUN, run).record_id
    purge(stores, RUN, run, "some/where")
    assert listed(stores) == []
    files = Files()
    work_off(stores, files)
    assert [path for _, path in files.removed] == ["some/where"]
    assert [rows(stores, table, run_id=record) for table in ("run_params", "series", "run_docs")] == [0, 0, 0]
    assert rows(stores, "runs", uuid=run) == rows(stores, "purges", kind=1, record_id=record) == 0
    assert stores.data(kept, "params") == {"p": "v"}
    with pytest.raises(NotFound):
        stores.run(run)
    assert stores.find_runs([experiment], "params.p = 'v'", view=ViewType.ALL) == [kept]


def test_a_purged_experiment_is_gone_with_its_runs_and_its_name_is_free(stores: Stores) -> None:
    experiment = stores.new_experiment("taken")
    runs = [stores.new_run(experiment) for _ in range(3)]
    deleted_model(stores, experiment)
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    purge(stores, EXPERIMENT, experiment, str(experiment))
    stores.new_experiment("taken")
    work_off(stores, Files())
    for table in ("runs", "logged_models", "datasets"):
        assert rows(stores, table, experiment_id=experiment) == 0
    for run in runs:
        with pytest.raises(NotFound):
            stores.run(run)
    with pytest.raises(NotFound):
        stores.do(stores.experiments.get(stores.workspace, experiment))


def test_a_purged_model_is_gone(stores: Stores) -> None:
    model = deleted_model(stores)
    purge(stores, MODEL, model)
    work_off(stores, Files())
    assert rows(stores, "logged_models", uuid=model) == 0


def test_what_is_being_purged_does_not_come_back(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run, model, gone = (
        deleted_run(stores, experiment),
        deleted_model(stores, experiment),
        deleted_experiment(stores),
    )
    for kind, id in ((RUN, run), (MODEL, model), (EXPERIMENT, gone)):
        purge(stores, kind, id)
    for work in (
        stores.runs.set_stage(stores.workspace, run, Stage.ACTIVE),
        trash(stores).restore_model(stores.workspace, model),
        stores.experiments.restore(stores.workspace, gone),
    ):
        with pytest.raises(NotFound):
            stores.do(work)
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    stores.do(stores.experiments.restore(stores.workspace, experiment))
    work_off(stores, Files())
    assert rows(stores, "runs", uuid=run) == 0


def test_purging_twice_or_what_is_active_does_nothing_more(stores: Stores) -> None:
    run = deleted_run(stores)
    item = found(stores, RUN, run)
    assert stores.do(trash(stores).purge(stores.workspace, item, ""))
    assert stores.do(trash(stores).purge(stores.workspace, item, ""))
    assert rows(stores, "purges", kind=1, record_id=item.record_id) == 1
    other = deleted_run(stores)
    item = found(stores, RUN, other)
    stores.do(stores.runs.set_stage(stores.workspace, other, Stage.ACTIVE))
    assert not stores.do(trash(stores).purge(stores.workspace, item, ""))
    work_off(stores, Files())
    assert stores.run(other)


def test_files_that_cannot_go_now_hold_up_nobody_else(stores: Stores) -> None:
    first, second = deleted_run(stores), deleted_run(stores)
    purge(stores, RUN, first, "first")
    purge(stores, RUN, second)
    files = Files()
    files.away = True
    work_off(stores, files)
    assert (rows(stores, "runs", uuid=first), rows(stores, "runs", uuid=second)) == (1, 0)
    files.away = False
    stores.do(stores.database.write(lambda tx: tx.execute("UPDATE purges SET due_ms = 0")))
    work_off(stores, files)
    assert rows(stores, "runs", uuid=first) == 0
    assert [path for _, path in files.removed] == ["first"]


def test_a_model_comes_back(stores: Stores) -> None:
    model = deleted_model(stores)
    stores.do(trash(stores).restore_model(stores.workspace, model))
    assert listed(stores) == []
    with pytest.raises(NotFound):
        stores.do(trash(stores).restore_model(stores.workspace, model))


def test_versions_made_from_something_are_told(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run, other = deleted_run(stores, experiment), deleted_run(stores, experiment)
    model = deleted_model(stores, experiment)
    name = f"model-{run[:8]}"
    stores.do(stores.registry.create_model(stores.workspace, name, None, []))
    for new in (NewVersion("s", "s", run), NewVersion("s", "s", model_id=model)):
        stores.do(stores.registry.create_version(stores.workspace, name, new))
    items = [found(stores, kind, id) for kind, id in ((RUN, run), (RUN, other), (MODEL, model))]
    told = [stores.do(trash(stores).versions_from(stores.workspace, item)) for item in items]
    assert [list(one) for one in told] == [[(name, 1)], [], [(name, 2)]]
    stores.do(stores.experiments.delete(stores.workspace, experiment))
    whole = found(stores, EXPERIMENT, experiment)
    assert sorted(stores.do(trash(stores).versions_from(stores.workspace, whole))) == [(name, 1), (name, 2)]


@pytest.mark.parametrize(
    ("place", "other", "shared"),
    [
        ("own/place", "elsewhere", False),
        ("own/place", "own/place", True),
        ("own/place", "own/place/inner", True),
        ("own/place", "own", True),
        ("own/place", "own/place2", False),
        ("own/place", "own/p", False),
        (None, "own", False),
    ],
)
def test_a_place_is_shared_with_what_is_in_it_or_around_it(
    stores: Stores, place: str | None, other: str, shared: bool
) -> None:
    def experiment(path: str | None) -> int:
        location = None if path is None else f"{ROOT}/{path}"
        create = stores.experiments.create(
            stores.workspace, uuid.uuid4().hex, ROOT, location, [], own_path=path
        )
        return stores.do(create)

    mine = experiment(place)
    experiment(other)
    assert stores.do(trash(stores).is_shared_place(stores.workspace, mine)) is shared


def test_what_is_purged_is_told_when_it_is_asked_for_and_when_it_is_gone(stores: Stores) -> None:
    run, model, gone = deleted_run(stores), deleted_model(stores), deleted_experiment(stores)
    run_item = found(stores, RUN, run)
    place, whole = (Place(stores.workspace, one) for one in (run_item.experiment_id, gone))
    log = stores.database.changes
    log.listening = True
    try:
        for kind, id, told in ((RUN, run, place), (EXPERIMENT, gone, whole), (MODEL, model, None)):
            for act in (lambda kind=kind, id=id: purge(stores, kind, id), lambda: work_off(stores, Files())):
                act()  # type: ignore[no-untyped-call]
                heard = log.take()
                assert heard.runs == ({place: {run: ChangeKind.DELETED}} if kind is RUN else {})
                assert heard.experiments == heard.many == ({told} if kind is EXPERIMENT else set())
    finally:
        log.listening = False


def in_place(stores: Stores, own_path: str) -> int:
    made = stores.experiments.create(
        stores.workspace, uuid.uuid4().hex, ROOT, f"mlflow-artifacts:/{own_path}", [], own_path=own_path
    )
    return int(stores.do(made))


def test_the_number_of_a_purged_experiment_is_not_given_again(stores: Stores) -> None:
    for _ in range(2):
        gone = deleted_experiment(stores)
        purge(stores, EXPERIMENT, gone)
        work_off(stores, Files())
        assert rows(stores, "experiments", id=gone) == 0
        assert stores.new_experiment() == gone + 1


def test_nothing_comes_to_a_place_whose_files_are_being_removed(stores: Stores) -> None:
    home = in_place(stores, "own/home")
    stores.do(stores.experiments.delete(stores.workspace, home))
    purge(stores, EXPERIMENT, home, "own/home")
    for place in ("own/home", "own/home/inner", "own"):
        with pytest.raises(InvalidState, match="are being removed"):
            in_place(stores, place)
    in_place(stores, "own/home-2")
    files = Files()
    work_off(stores, files)
    assert files.removed == [("", "own/home")]
    in_place(stores, "own/home")


def test_files_stay_where_another_experiment_came_before_they_were_to_go(stores: Stores) -> None:
    home = in_place(stores, "own/home")
    stores.do(stores.experiments.delete(stores.workspace, home))
    in_place(stores, "own/home")  # after somebody looked whether the place is shared
    purge(stores, EXPERIMENT, home, "own/home")
    files = Files()
    work_off(stores, files)
    assert files.removed == []
    assert rows(stores, "experiments", id=home) == 0
