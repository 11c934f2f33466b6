"""Wheels as bytes, and what describes them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from email.parser import Parser

import pytest

from runyard.services.wheel_format import Wheel, normalised, pack
from runyard.services.wheel_metadata import dist_info

FILES = {"pkg/b.py": b"b = 1\n", "pkg/a.py": b"", "pkg/with, comma.txt": "é".encode()}
PROJECT = {
    "name": "Some.Thing",
    "description": "What it is.",
    "authors": [{"name": "Runyard"}],
    "license": "Apache-2.0",
    "requires-python": ">=3.11",
    "dependencies": ["click>=8.1", "sibling-one", "Sibling.Two"],
    "optional-dependencies": {"extra": ["one>=1", "sibling-one", 'two; python_version < "3.12"']},
    "scripts": {"thing": "pkg.a:main"},
    "entry-points": {"group.name": {"x": "pkg.b:y"}},
}


def made(files: Mapping[str, bytes] = FILES) -> Wheel:
    described = dist_info(PROJECT, "1.2", "# Read me", {"sibling-one", "sibling-two"})
    return pack("Some.Thing", "1.2", files, described, ">=3.11")


def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(made().content))


def test_same_files_make_the_same_bytes_in_any_order() -> None:
    again = made(dict(reversed(FILES.items())))
    assert (again.content, again.sha256) == (made().content, made().sha256)
    assert made().sha256 == hashlib.sha256(made().content).hexdigest()


def test_file_name_and_folder_are_normalised() -> None:
    assert made().filename == "some_thing-1.2-py3-none-any.whl"
    assert "some_thing-1.2.dist-info/METADATA" in archive().namelist()


def test_record_names_every_file_with_its_hash() -> None:
    with archive() as wheel:
        rows = list(csv.reader(io.StringIO(wheel.read("some_thing-1.2.dist-info/RECORD").decode())))
        assert [path for path, _, _ in rows] == wheel.namelist()
        for path, digest, size in rows[:-1]:
            content = wheel.read(path)
            right = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={right}", len(content))
        assert rows[-1][1:] == ["", ""]


def test_metadata_pins_siblings_and_marks_extras() -> None:
    with archive() as wheel:
        fields = Parser().parsestr(wheel.read("some_thing-1.2.dist-info/METADATA").decode())
    assert (fields["Name"], fields["Version"], fields["Author"]) == ("Some.Thing", "1.2", "Runyard")
    assert fields.get_all("Requires-Dist") == [
        *("click>=8.1", "sibling-one==1.2", "Sibling.Two==1.2"),
        'one>=1; extra == "extra"',
        'sibling-one==1.2; extra == "extra"',
        'two; (python_version < "3.12") and extra == "extra"',
    ]
    assert fields.get_payload() == "# Read me\n"


def test_entry_points_are_written_by_group() -> None:
    with archive() as wheel:
        text = wheel.read("some_thing-1.2.dist-info/entry_points.txt").decode()
    assert text == "[console_scripts]\nthing = pkg.a:main\n\n[group.name]\nx = pkg.b:y\n"


@pytest.mark.parametrize("name", ["azureml-core", "AzureML_Core", "azureml.-_core"])
def test_names_are_normalised(name: str) -> None:
    assert normalised(name) == "azureml-core"
