"""The SDK's way to the server: a Connection whose errors are the documented classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from runyard.client.files import Progress
from runyard.client.transport import Connection, Source
from runyard.errors import NotFound, RunyardError
from runyard.sdk.exceptions import AzureMLException, documented

T = TypeVar("T")
PAGE = 1_000
IMPATIENT_S = 3.0


class Link:
    """Calls to one server, or to one workspace of it.

    Attributes:
        before: called before each request, so that it sees what was logged in this process.
    """

    before: ClassVar[list[Callable[[Connection], None]]] = []

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def server(self) -> str:
        """http(s)://host:port."""
        return self.connection.server

    def _asked(self, work: Callable[[], T]) -> T:
        for one in Link.before:
            one(self.connection)
        return translated(work)

    def impatient(self) -> Link:
        """The same, for calls that have another way when nobody answers within seconds."""
        return Link(self.connection.impatient(IMPATIENT_S))

    def at(self, workspace: str) -> Link:
        """The same server in one of its workspaces."""
        return Link(self.connection.at(workspace))

    def get(self, path: str, /, **query: Any) -> Any:
        """The decoded answer of a GET."""
        return self._asked(lambda: self.connection.get(path, **query))

    def find(self, path: str, /, **query: Any) -> Any | None:
        """As `get`; None where there is no such record."""
        try:
            return self.get(path, **query)
        except AzureMLException as exc:
            if isinstance(exc.inner_exception, NotFound):
                return None
            raise

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, /, *, retry: bool = False, **query: Any
    ) -> Any:
        """The decoded answer of a POST. retry: doing it twice is as good as doing it once."""
        return self._asked(lambda: self.connection.post(path, body, retry=retry, **query))

    def patch(self, path: str, body: Mapping[str, Any] | None = None, /, **query: Any) -> Any:
        """The decoded answer of a PATCH."""
        return self._asked(lambda: self.connection.patch(path, body, **query))

    def delete(self, path: str, body: Mapping[str, Any] | None = None, /, **query: Any) -> Any:
        """The decoded answer of a DELETE."""
        return self._asked(lambda: self.connection.delete(path, body, **query))

    def upload(
        self, path: str, source: Source, size: int | None = None, progress: Progress | None = None
    ) -> None:
        """PUT a file, streamed."""
        self._asked(lambda: self.connection.upload(path, source, size, progress))

    def download(self, path: str, target: Path, progress: Progress | None = None, /, **query: Any) -> None:
        """GET a file, streamed to disk."""
        self._asked(lambda: self.connection.download(path, target, progress, **query))

    def read(self, path: str) -> bytes:
        """A small file."""
        return self._asked(lambda: self.connection.read(path))

    def pages(self, path: str, items: str = "items", /, **query: Any) -> Iterator[Any]:
        """Every item of a list that is read with GET, page after page."""
        yield from _pages(lambda token: self.get(path, **query, **token), items)

    def posted_pages(self, path: str, items: str, body: Mapping[str, Any]) -> Iterator[Any]:
        """Every item of a list that is read with POST, page after page."""
        yield from _pages(lambda token: self.post(path, {**body, **token}, retry=True), items)


def translated(work: Callable[[], T]) -> T:
    """What work answers; its errors as the documented classes."""
    try:
        return work()
    except AzureMLException:
        raise
    except RunyardError as exc:
        raise documented(exc) from exc


def _pages(read: Callable[[dict[str, str]], Any], items: str) -> Iterator[Any]:
    token: dict[str, str] = {}
    while True:
        page = read(token)
        yield from page.get(items, [])
        if not page.get("next_page_token"):
            return
        token = {"page_token": page["next_page_token"]}
