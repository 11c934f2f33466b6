"""Files of a source that lie in an object store. Importing this loads the object-store library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import obstore
from obstore.store import from_url

from runyard.transfer.listed import Pieces, safe_name
from runyard.transfer.source import SourceFault, SourceFile


def objects(place: str) -> Iterator[SourceFile]:
    """All objects below a URL; credentials come from the environment.

    Raises: SourceFault.
    """
    try:
        store = from_url(place)
        for chunk in obstore.list(store):
            for info in chunk:
                path = safe_name(info["path"], place)
                yield SourceFile(path, int(info["size"]), lambda path=path: _open_object(store, path))  # type: ignore[misc]
    except (OSError, ValueError, obstore.exceptions.BaseError) as exc:
        raise SourceFault(f"The files at {place[:200]} cannot be read: {str(exc)[:300]}") from None


@contextlib.contextmanager
def _open_object(store: Any, path: str) -> Iterator[BinaryIO]:
    yield cast(BinaryIO, Pieces(iter(obstore.get(store, path))))
