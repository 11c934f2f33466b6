"""All files below a directory, in one order for every kind of datastore, from any place on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from runyard.artifacts.contracts import Datastore, Entry
from runyard.artifacts.paths import join


@runtime_checkable
class ListsFiles(Protocol):
    """A datastore that can list all files below a directory by itself, in this order."""

    def files_below(self, directory: str, after: str) -> AsyncIterator[Entry]: ...


async def files_below(store: Datastore, directory: str, after: str = "") -> AsyncIterator[Entry]:
    """Files below `directory` whose path comes after `after`; an entry's name is its path in the datastore.

    The order is that of whole paths by code point, as object stores list keys. Only directories that can hold such a
    file are listed, one at a time, so a page costs the directories that it shows and those above them; object stores
    list the keys of the page.
    """
    if isinstance(store, ListsFiles):
        async for entry in store.files_below(directory, after):
            yield entry
        return
    entries = await store.list_dir(directory)
    for entry in sorted(entries, key=lambda one: f"{one.name}/" if one.is_dir else one.name):
        path = join(directory, entry.name)
        if not entry.is_dir:
            if path > after:
                yield Entry(path, False, entry.size)
        elif f"{path}/" > after or after.startswith(f"{path}/"):
            async for one in files_below(store, path, after):
                yield one
