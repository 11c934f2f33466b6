"""Two servers on one database want the same name at the same moment: one gets it, the other hears AlreadyExists."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from runyard.entities.common import Tag
from runyard.errors import AlreadyExists, NotFound
from tests.contract.store.stores import ROOT, Stores

ROUNDS = 15


def kinds(answers: Sequence[object]) -> list[str]:
    """How each call ended: the name of its error, or 'ok'."""
    return sorted(type(answer).__name__ if isinstance(answer, BaseException) else "ok" for answer in answers)


@pytest.fixture
def both(stores: Stores, others: Stores) -> tuple[Stores, Stores]:
    return stores, others


def test_experiment_is_created_once(both: tuple[Stores, Stores]) -> None:
    for number in range(ROUNDS):
        name = f"e{number}"
        answers = both[0].at_once(
            *(one.experiments.create(one.workspace, name, ROOT, None, [Tag("k", "v")]) for one in both * 2)
        )
        assert kinds(answers) == ["AlreadyExists"] * 3 + ["ok"]
        assert both[0].do(both[0].experiments.get_by_name(both[0].workspace, name)).id in answers


def test_experiments_are_not_renamed_to_the_same_name(both: tuple[Stores, Stores]) -> None:
    for number in range(ROUNDS):
        ids = [both[0].new_experiment() for _ in both]
        answers = both[0].at_once(
            *(
                one.experiments.rename(one.workspace, id, f"same {number}")
                for one, id in zip(both, ids, strict=True)
            )
        )
        assert kinds(answers) == ["AlreadyExists", "ok"]


def test_name_is_not_given_to_a_new_and_a_renamed_experiment(both: tuple[Stores, Stores]) -> None:
    for number in range(ROUNDS):
        old, name = both[0].new_experiment(), f"wanted {number}"
        answers = both[0].at_once(
            both[0].experiments.rename(both[0].workspace, old, name),
            both[1].experiments.create(both[1].workspace, name, ROOT, None, []),
        )
        assert kinds(answers) == ["AlreadyExists", "ok"]
        found = both[0].do(both[0].experiments.get_by_name(both[0].workspace, name))
        assert (found.id == old) == (answers[0] is None)


def test_registered_model_is_created_once(both: tuple[Stores, Stores]) -> None:
    for number in range(ROUNDS):
        answers = both[0].at_once(
            *(one.registry.create_model(one.workspace, f"m{number}", None, []) for one in both * 2)
        )
        assert kinds(answers) == ["AlreadyExists"] * 3 + ["ok"]


def test_registered_models_are_not_renamed_to_the_same_name(both: tuple[Stores, Stores]) -> None:
    for number in range(ROUNDS):
        for one in "ab":
            both[0].do(both[0].registry.create_model(both[0].workspace, f"{one}{number}", None, []))
        answers = both[0].at_once(
            *(
                server.registry.rename_model(server.workspace, f"{name}{number}", f"same {number}")
                for server, name in zip(both, "ab", strict=True)
            )
        )
        assert kinds(answers) == ["AlreadyExists", "ok"]


def test_tag_of_a_model_that_is_deleted_meanwhile_is_kept_or_not_found(
    both: tuple[Stores, Stores],
) -> None:
    for number in range(ROUNDS):
        name = f"going {number}"
        both[0].do(both[0].registry.create_model(both[0].workspace, name, None, []))
        tagged, deleted = both[0].at_once(
            both[0].registry.set_model_tag(both[0].workspace, name, Tag("k", "v")),
            both[1].registry.delete_model(both[1].workspace, name),
        )
        assert deleted is None
        assert tagged is None or isinstance(tagged, NotFound)


def test_workspace_ids_are_given_by_the_database_from_the_first_on(stores: Stores) -> None:
    before = stores.workspace
    stores.enter_new_workspace()
    assert 1 < before < stores.workspace
    with pytest.raises(AlreadyExists):
        stores.do(
            stores.database.write(lambda tx: tx.execute("INSERT INTO workspaces (name) VALUES ('default')"))
        )
