"""Documents of runs: kept after the answer that they were made for, valid for one version of their run."""

from __future__ import annotations

import pytest

from runyard.entities.common import Tag
from runyard.store.sql import run_docs
from runyard.store.sql.database import Connection
from tests.contract.store.stores import Stores

LONG = "x" * 7_000


def kept(stores: Stores, run_id: str) -> list[bytes]:
    """The current documents of a run that are stored, after what was begun before."""
    sql = """SELECT d.body FROM run_docs d JOIN runs r ON r.id = d.run_id AND r.version = d.version
        WHERE r.uuid = ? AND r.workspace_id = ?"""

    def work(c: Connection) -> list[bytes]:
        return [bytes(row[0]) for row in c.all(sql, (run_id, stores.workspace))]

    stores.do(stores.database.write(lambda tx: None))
    return stores.do(stores.database.read(work))


def make_large_run(stores: Stores, experiment: int) -> str:
    return stores.new_run(experiment, tags=[Tag(f"t{n}", LONG) for n in range(3)])


def test_document_is_kept_after_the_search_and_answers_the_next_one(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = stores.new_experiment()
    run_id = make_large_run(stores, experiment)
    assert stores.find_runs([experiment]) == [run_id]
    (document,) = kept(stores, run_id)
    assert LONG.encode() in document
    monkeypatch.setattr(run_docs, "load", lambda c, ids: {} if not ids else pytest.fail("made again"))
    assert stores.find_runs([experiment]) == [run_id]
    assert stores.run(run_id)["data"]["tags"][0]["value"] == LONG


def test_kept_document_does_not_outlive_its_version(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = make_large_run(stores, experiment)
    for value in ("first", "second"):
        stores.log(run_id, tags=[Tag("t", value)])
        assert kept(stores, run_id) == []
        assert stores.find_runs([experiment], f"tags.t = '{value}'") == [run_id]
        assert len(kept(stores, run_id)) == 1
        assert stores.data(run_id, "tags")["t"] == value


def test_few_small_documents_are_not_worth_a_commit(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    assert stores.find_runs([experiment]) == [run_id]
    assert kept(stores, run_id) == []


def made(stores: Stores, run_id: str) -> tuple[bytes, int, int]:
    """A document as it is given to be kept."""
    find = "SELECT id, version FROM runs WHERE uuid = ? AND workspace_id = ?"
    row = stores.do(stores.database.read(lambda c: c.one(find, (run_id, stores.workspace))))
    assert row is not None
    return stores.do(stores.runs.get(stores.workspace, run_id)), row[0], row[1]


def test_documents_made_while_others_are_stored_are_left_out(stores: Stores) -> None:
    experiment = stores.new_experiment()
    runs = [make_large_run(stores, experiment) for _ in range(3)]
    documents = [made(stores, run_id) for run_id in runs]
    keeper = run_docs.Keeper(stores.database)

    async def keep(*some: tuple[bytes, int, int]) -> None:
        for one in some:
            keeper.soon([one])

    stores.do(keep(*documents[:2]))
    assert [len(kept(stores, run_id)) for run_id in runs] == [1, 0, 0]
    stores.do(keep(documents[2]))
    assert [len(kept(stores, run_id)) for run_id in runs] == [1, 0, 1]
