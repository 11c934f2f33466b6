"""The files of Studio, the web page of a server, as its build left them beside this module."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "static"
NONCE = "__NONCE__"
ENCODINGS = {
    "br": ".br",
    "gzip": ".gz",
}  # as browsers call them, best first → what the build appends to a name
PACKED = ".gz"  # text is kept compressed alone; for the few who want it plain it is unpacked
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
NOT_BUILT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runyard</title>
<style nonce="__NONCE__">
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem }
</style>
</head>
<body>
<main>
<h1>Runyard is running, its web page is not built yet</h1>
<p>Studio is a part of the wheel. In a checkout of the sources it is built by one command, which needs Node.js 20.19 or
newer; then load this page again:</p>
<pre><code>make studio</code></pre>
<p>Clients do not need it. <code>GET /openapi.json</code> describes what the server answers to them.</p>
</main>
</body>
</html>
"""


class Asset(msgspec.Struct, frozen=True):
    """One file for a browser; `encoding` names how its content is compressed."""

    content: bytes
    media_type: str
    encoding: str | None = None


class Bundle:
    """What the build of Studio made, read again when it was built again.

    Args:
        folder: with index.html and assets/; need not be there.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._page: tuple[int, str] | None = None

    def page(self, nonce: str) -> str:
        """The one page, in which the styles that its scripts add are known by the nonce; without a build, how to build it.

        Cost: one stat.
        """
        return self._text().replace(NONCE, nonce)

    def _text(self) -> str:
        index = self._folder / "index.html"
        try:
            changed_ns = index.stat().st_mtime_ns
            if self._page is None or self._page[0] != changed_ns:
                self._page = (changed_ns, index.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return NOT_BUILT
        return self._page[1]

    def asset(self, name: str, accepted: Mapping[str, float]) -> Asset | None:
        """A file below assets/, whose content never changes under that name; None when there is none.

        Args:
            name: its name there, without any directory.
            accepted: how much the browser likes which encoding.
        Cost: one listing of the directory and one file.
        """
        return _file(self._folder / "assets", name, accepted)

    def loose(self, name: str, accepted: Mapping[str, float]) -> Asset | None:
        """A file beside the page, such as its icon; None when there is none. Like `asset`, but the next build may change it."""
        return None if name.startswith("index.html") else _file(self._folder, name, accepted)


def _file(folder: Path, name: str, accepted: Mapping[str, float]) -> Asset | None:
    """Only what the directory lists is opened, so that no name leads out of it."""
    try:
        there = {entry.name for entry in folder.iterdir() if entry.is_file()}
        if there.isdisjoint((name, name + PACKED)):
            return None
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        for encoding, suffix in ENCODINGS.items():
            if name + suffix in there and accepted.get(encoding, accepted.get("*", 0.0)) > 0:
                return Asset((folder / (name + suffix)).read_bytes(), kind, encoding)
        if name in there:
            return Asset((folder / name).read_bytes(), kind)
        return Asset(gzip.decompress((folder / (name + PACKED)).read_bytes()), kind)
    except (FileNotFoundError, NotADirectoryError):  # never built, or being built again
        return None
