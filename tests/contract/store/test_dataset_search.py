"""The datasets that runs of an experiment read, on both databases."""

from __future__ import annotations

from runyard.entities.common import Tag
from runyard.entities.dataset_summary import DatasetSummary
from runyard.entities.run import CONTEXT_TAG, Dataset, DatasetInput
from tests.contract.store.stores import Stores


def read(stores: Stores, run_id: str, name: str, context: str | None, digest: str = "1") -> None:
    tags = [Tag(CONTEXT_TAG, context)] if context is not None else []
    given = DatasetInput(Dataset(name, digest, "local", "{}", None, None), tags)
    stores.do(stores.runs.log_inputs(stores.workspace, run_id, [given], []))


def search(stores: Stores, *experiments: int, limit: int = 100) -> list[DatasetSummary]:
    return stores.do(stores.datasets.search(stores.workspace, experiments, limit))


def test_each_dataset_is_listed_once_per_context(stores: Stores) -> None:
    experiment = stores.new_experiment()
    for _ in range(2):
        run_id = stores.new_run(experiment)
        for name, context in (("b", "training"), ("ü", None), ("a", "training")):
            read(stores, run_id, name, context)
            read(stores, run_id, name, context)
    read(stores, stores.new_run(experiment), "a", "testing")
    found = [(one.name, one.context) for one in search(stores, experiment)]
    assert found == [("a", "testing"), ("a", "training"), ("b", "training"), ("ü", None)]
    assert len(search(stores, experiment, limit=2)) == 2


def test_other_experiments_and_workspaces_are_left_out(stores: Stores) -> None:
    one, two = stores.new_experiment(), stores.new_experiment()
    read(stores, stores.new_run(one), "d", None, "1")
    read(stores, stores.new_run(two), "d", None, "2")
    assert [found.digest for found in search(stores, two)] == ["2"]
    assert [found.experiment_id for found in search(stores, one, two, 2**62)] == [one, two]
    stores.enter_new_workspace()
    assert search(stores, one, two) == []
