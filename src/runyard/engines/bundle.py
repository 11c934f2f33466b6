"""The runner as one file that any Python from 3.8 on starts."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

_MAIN = b"from runner.main import run\n\nrun()\n"
_SHEBANG = b"#!/usr/bin/env python3\n"
_STAMP = (2020, 1, 1, 0, 0, 0)


@cache
def runner_bundle() -> tuple[bytes, str]:
    """The file's bytes and their SHA-256. The same sources make the same bytes, so it is laid down once on a machine."""
    packed = io.BytesIO()
    packed.write(_SHEBANG)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN)
        _add_tree(archive, resources.files("runyard.runner"), "runner")
    content = packed.getvalue()
    return content, hashlib.sha256(content).hexdigest()


def _add_tree(archive: zipfile.ZipFile, folder: Traversable, name: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _add_tree(archive, entry, path)
        elif entry.name.endswith(".py"):
            _add(archive, path, entry.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
