"""The files that the demo makes are what their names say."""

from __future__ import annotations

import io
import json
import re
import struct
import wave
import zlib

import numpy as np
from pyarrow import parquet

from runyard.demo import documents, pictures, sounds


def test_a_picture_holds_its_pixels() -> None:
    pixels = pictures.shape(2, np.random.default_rng(1), 24)
    made = pictures.png(pixels)
    assert made.startswith(b"\x89PNG\r\n\x1a\n") and made.endswith(b"IEND\xaeB`\x82")
    assert struct.unpack(">II", made[16:24]) == (24, 24)
    start = made.index(b"IDAT")
    size = int.from_bytes(made[start - 4 : start])
    rows = np.frombuffer(zlib.decompress(made[start + 4 : start + 4 + size]), np.uint8).reshape(24, 73)
    np.testing.assert_array_equal(rows[:, 1:].reshape(24, 24, 3), pixels)


def test_sounds_can_be_played() -> None:
    sound = sounds.melody(np.random.default_rng(1), 0.8)
    with wave.open(io.BytesIO(sounds.wav(sound))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, sounds.RATE, len(sound))
    assert sounds.spectrum(sound).ndim == 2


def test_a_page_of_pdf_says_where_its_objects_are() -> None:
    made = documents.pdf("A (title)", ["one", "two \\ three"])
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", made)]
    assert [made[place : place + 5] for place in places] == [b"%d 0 o" % number for number in range(1, 7)]
    last = re.search(rb"startxref\n(\d+)", made)
    assert last and made[int(last[1]) :].startswith(b"xref")


def test_a_notebook_has_cells_of_both_kinds() -> None:
    made = json.loads(documents.notebook("T", [("x = 1\nprint(x)", "1\n"), ("text", "")], "aGk="))
    assert [cell["cell_type"] for cell in made["cells"]] == ["markdown", "code", "markdown"]
    assert (made["nbformat"], made["cells"][1]["source"]) == (4, ["x = 1\n", "print(x)"])


def test_tables_are_what_they_were() -> None:
    assert documents.table_csv(("a", "b"), [(1, "x,y")]) == b'a,b\n1,"x,y"\n'
    assert json.loads(documents.table_json(("a",), [(1,)])) == {"columns": ["a"], "data": [[1]]}
    made = documents.parquet({"a": [1, 2], "b": ["x", "y"]})
    assert made is not None
    assert parquet.read_table(io.BytesIO(made)).to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


def test_a_report_escapes_what_it_shows() -> None:
    assert b"<img" not in documents.report_html("<img src=x>", {"<img>": 0.5})
