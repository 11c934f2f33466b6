"""Tags of a run, which may be overwritten, and its properties, which may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runyard.errors import AlreadyExists
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.link import Link
from runyard.sdk.run_handle import MLFLOW, OWN, RunHandle, tags_of

HIDDEN = ("mlflow.", "runyard.")  # what MLflow and Runyard keep in tags for themselves
RUNS_IN_ONE = 500
Wanted = Mapping[str, str | None] | Iterable[str] | str | None


class RunTags(RunHandle):
    """Text that belongs to a run."""

    @property
    def tags(self) -> dict[str, str | None]:
        """Tags, without those that MLflow keeps for itself."""
        return self.get_tags()

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag, with or without a value."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, str | None]) -> None:
        """Set tags; values that are no text become text."""
        self._channel.sink.tags({key: "" if value is None else str(value) for key, value in tags.items()})

    def get_tags(self) -> dict[str, str | None]:
        """Tags, without those that MLflow keeps for itself; None for one without a value."""
        return visible_tags(self._refresh())

    def remove_tags(self, tags: str | Sequence[str]) -> None:
        """Remove tags; those that are not set are left out."""
        present = self.get_tags()
        for key in [tags] if isinstance(tags, str) else tags:
            if key in present:
                self._link.post(f"{MLFLOW}/delete-tag", {"run_id": self.id, "key": key})

    @property
    def properties(self) -> dict[str, str]:
        """Text that was set once."""
        return self.get_properties()

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Set properties, for good.

        Raises: UserErrorException when one of them is set already.
        """
        present = self.get_properties()
        again = sorted(properties.keys() & present.keys())
        if again:
            raise _set_already(self.id, again)
        sent = {key: str(value) for key, value in properties.items()}
        try:
            self._link.post(f"{OWN}/{self.id}/properties", {"properties": sent}, retry=True)
        except AzureMLException as exc:
            if isinstance(exc.inner_exception, AlreadyExists):
                raise _set_already(self.id, sorted(sent)) from exc
            raise

    def get_properties(self) -> dict[str, str]:
        """Properties."""
        return dict(self._link.get(f"{OWN}/{self.id}/properties")["properties"])


def visible_tags(document: Mapping[str, Any]) -> dict[str, str | None]:
    """Tags of a run but those that MLflow and Runyard keep for themselves."""
    return {key: value or None for key, value in tags_of(document).items() if not key.startswith(HIDDEN)}


def has(found: Mapping[str, str | None], wanted: Wanted) -> bool:
    """Whether texts are as wanted: a dict says the values, text or a list says the keys."""
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return wanted in found
    if isinstance(wanted, Mapping):
        return all(key in found and found[key] == (value or None) for key, value in wanted.items())
    return all(key in found for key in wanted)


def with_properties(
    link: Link, documents: Iterable[Mapping[str, Any]], wanted: Wanted
) -> Iterable[Mapping[str, Any]]:
    """Those runs whose properties are as wanted."""
    if wanted is None:
        yield from documents
        return
    waiting: list[Mapping[str, Any]] = []
    for document in documents:
        waiting.append(document)
        if len(waiting) == RUNS_IN_ONE:
            yield from _those_with(link, waiting, wanted)
            waiting = []
    yield from _those_with(link, waiting, wanted)


def _those_with(
    link: Link, documents: Sequence[Mapping[str, Any]], wanted: Wanted
) -> Iterable[Mapping[str, Any]]:
    ids = [str(document["info"]["run_id"]) for document in documents]
    items = link.post("/api/v1/run-properties", {"run_ids": ids}, retry=True)["items"] if ids else []
    found = {
        item["run_id"]: {key: value or None for key, value in item["properties"].items()} for item in items
    }
    return [document for document, one in zip(documents, ids, strict=True) if has(found.get(one, {}), wanted)]


def _set_already(run_id: str, keys: Sequence[str]) -> UserErrorException:
    return UserErrorException(
        f"Properties of run {run_id} cannot be changed, and these are set already: {', '.join(keys)}. "
        "Use tags for what changes."
    )
