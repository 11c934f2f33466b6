"""Requests about logged models, with and without a server."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.errors import InvalidInput, NotFound, StorageUnavailable

from .conftest import Place

MODELS = "/api/2.0/mlflow/logged-models"


def told(model_id: str) -> dict[str, Any]:
    """A model as the server tells it."""
    info = {
        "model_id": model_id,
        "experiment_id": "7",
        "name": "m",
        "creation_timestamp_ms": 1,
        "last_updated_timestamp_ms": 1,
        "artifact_uri": "mlflow-artifacts:/m",
        "status": "LOGGED_MODEL_PENDING",
        "model_type": "",
        "source_run_id": "",
    }
    return {"model": {"info": info, "data": {}}}


def made_here(place: Place) -> str:
    place.away()
    found = place.call("CreateLoggedModel", MODELS, experiment_id="7", name="m")["model"]
    return str(found.info.model_id)


def test_one_that_is_made_at_the_server_is_finished_in_the_order_of_the_journal(place: Place) -> None:
    place.server.answers["POST", MODELS] = told("m-1")
    place.call("CreateLoggedModel", MODELS, experiment_id="7", name="m")
    one = f"{MODELS}/m-1"
    place.server.answers["PATCH", f"{one}/tags"] = {}
    place.call("SetLoggedModelTags", f"{one}/tags", "PATCH", tags=[{"key": "a", "value": "b"}])
    assert len(place.server.asked) == 2 and place.records == []
    ready = place.call("FinalizeLoggedModel", one, "PATCH", model_id="m-1", status=2)["model"]
    assert ready.info.status == "LOGGED_MODEL_READY" and len(place.server.asked) == 2
    assert [one.path for one in place.records] == [one]  # type: ignore[union-attr]


def test_one_that_is_made_here_is_told_from_here(place: Place) -> None:
    model_id = made_here(place)
    one = f"{MODELS}/{model_id}"
    place.call("SetLoggedModelTags", f"{one}/tags", "PATCH", tags=[{"key": "a", "value": "b"}])
    place.call("SetLoggedModelTags", f"{one}/tags", "PATCH", tags=[{"key": "c", "value": "d"}])
    place.call("DeleteLoggedModelTag", f"{one}/tags/a", "DELETE")
    place.call(
        "LogLoggedModelParamsRequest",
        f"{one}/params",
        model_id=model_id,
        params=[{"key": "p", "value": "1"}],
    )
    found = place.call("GetLoggedModel", one, "GET")["model"]
    assert [tag.key for tag in found.info.tags] == ["c"] and [one.key for one in found.data.params] == ["p"]
    page = place.call("SearchLoggedModels", experiment_ids=["7"], filter="tags.c = 'd'")
    assert [one.info.model_id for one in page["models"]] == [model_id]


def test_one_that_nobody_here_knows_is_the_servers(place: Place) -> None:
    one = f"{MODELS}/m-9"
    place.server.answers["GET", one] = NotFound("none")
    with pytest.raises(NotFound):
        place.call("GetLoggedModel", one, "GET")
    place.server.answers["PATCH", one] = {}
    place.call("FinalizeLoggedModel", one, "PATCH", model_id="m-9", status=2)
    assert place.records == []
    place.away()
    with pytest.raises(StorageUnavailable):
        place.call("GetLoggedModel", one, "GET")
    place.call("SetLoggedModelTags", f"{one}/tags", "PATCH", tags=[])
    assert len(place.records) == 1  # kept, and refused later if there is none


def test_a_deleted_one_is_forgotten_once_the_server_has_answered(place: Place) -> None:
    model_id = made_here(place)
    place.server.answers["DELETE", f"{MODELS}/{model_id}"] = {}
    place.server.up = True
    place.call("DeleteLoggedModel", f"{MODELS}/{model_id}", "DELETE")
    assert model_id not in place.desk.state.models


@pytest.mark.parametrize(
    ("name", "path", "fields"),
    [
        ("CreateLoggedModel", MODELS, {}),
        ("FinalizeLoggedModel", f"{MODELS}/m-1", {"status": 2}),
        ("SetLoggedModelTags", f"{MODELS}/m-1/tags", {"tags": 1}),
        ("LogLoggedModelParamsRequest", f"{MODELS}/m-1/params", {"params": []}),
        ("SearchLoggedModels", "", {}),
    ],
)
def test_bad_input_is_refused(place: Place, name: str, path: str, fields: dict[str, Any]) -> None:
    place.away()
    with pytest.raises(InvalidInput):
        place.call(name, path, **fields)
    assert place.records == []
