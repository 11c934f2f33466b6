"""Wheels as bytes: the same files make the same archive on every machine, so that its hash can be relied on.

Nothing is compressed, because what zlib makes of the same bytes differs between its releases.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping

import msgspec

TAG = "py3-none-any"
WHEEL = f"Wheel-Version: 1.0\nGenerator: runyard\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode()
NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold
READABLE_FILE = 0o100644 << 16


class Wheel(msgspec.Struct, frozen=True):
    """A distribution that can be installed.

    Attributes:
        project: its normalised name, as in the address of its page.
    """

    project: str
    version: str
    filename: str
    requires_python: str
    sha256: str
    content: bytes


def normalised(name: str) -> str:
    """A project's name as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pack(
    name: str,
    version: str,
    files: Mapping[str, bytes],
    dist_info: Mapping[str, bytes],
    requires_python: str = "",
) -> Wheel:
    """A pure Python wheel.

    Args:
        files: what is installed, by path.
        dist_info: what describes it, by file name; WHEEL and RECORD are written here.
    """
    stem = f"{normalised(name).replace('-', '_')}-{version}"
    folder = f"{stem}.dist-info"
    described = {f"{folder}/{one}": content for one, content in {**dist_info, "WHEEL": WHEEL}.items()}
    entries = sorted(files.items()) + sorted(described.items())
    record = "".join(_record_line(path, content) for path, content in entries) + f"{folder}/RECORD,,\n"
    content = _archive([*entries, (f"{folder}/RECORD", record.encode())])
    digest = hashlib.sha256(content).hexdigest()
    return Wheel(normalised(name), version, f"{stem}-{TAG}.whl", requires_python, digest, content)


def _record_line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    quoted = '"' + path.replace('"', '""') + '"' if {",", '"'} & set(path) else path
    return f"{quoted},sha256={digest},{len(content)}\n"


def _archive(entries: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in entries:
            entry = zipfile.ZipInfo(path, NO_TIME)
            entry.create_system = 3
            entry.external_attr = READABLE_FILE
            archive.writestr(entry, content)
    return buffer.getvalue()
