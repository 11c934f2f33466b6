"""Files of the kinds that trainings leave behind: tables, reports, notebooks, logs, changes of code."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

COMMIT = "9f2c1e7ab4d05c83b6f1a2749e6d0c58b3a7e1f4"
PACKAGES = (
    *("certifi==2026.1.4", "filelock==3.20.0", "jinja2==3.1.6", "mlflow-skinny==3.18.0", "networkx==3.5", "numpy==2.3.4"),
    *("pandas==2.3.3", "pillow==12.0.0", "pyyaml==6.0.3", "scikit-learn==1.7.2", "scipy==1.16.3", "torch==2.9.1"),
    *("torchvision==0.24.1", "tqdm==4.67.1", "typing-extensions==4.15.0"),
)  # fmt: skip
PATCH = """\
diff --git a/train.py b/train.py
index 4be1f0a..c90d2e3 100644
--- a/train.py
+++ b/train.py
@@ -41,9 +41,12 @@ def build_optimizer(model, config):
     decay, no_decay = [], []
     for name, parameter in model.named_parameters():
-        (no_decay if name.endswith("bias") else decay).append(parameter)
+        # Norm layers must not decay either: it cost half a point of accuracy.
+        plain = name.endswith("bias") or parameter.ndim == 1
+        (no_decay if plain else decay).append(parameter)
     groups = [
         {"params": decay, "weight_decay": config.weight_decay},
         {"params": no_decay, "weight_decay": 0.0},
     ]
-    return torch.optim.AdamW(groups, lr=config.learning_rate)
+    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, config.beta2))
diff --git a/configs/base.yaml b/configs/base.yaml
index 77aa310..1b02c4d 100644
--- a/configs/base.yaml
+++ b/configs/base.yaml
@@ -3,5 +3,6 @@ epochs: 40
 batch_size: 128
 learning_rate: 0.001
 weight_decay: 0.05
+beta2: 0.98
 augment: true
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "train.py", line 212, in <module>
    main(parse_config())
  File "train.py", line 187, in main
    train_epoch(model, loader, optimizer, scaler, epoch)
  File "train.py", line 121, in train_epoch
    raise FloatingPointError(f"loss is {loss.item()} at step {step}")
FloatingPointError: loss is nan at step {step}
"""
STYLE = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#24292f}table{border-collapse:collapse}\
td,th{border:1px solid #d0d7de;padding:.35rem .7rem;text-align:right}th:first-child,td:first-child,td:last-child{text-align:left}\
.bar{background:#1f6feb;height:.8rem;display:inline-block}"


def table_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()


def table_json(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as `mlflow.log_table` writes them."""
    return json.dumps({"columns": list(head), "data": [list(row) for row in rows]}).encode()


def pretty_json(value: Any) -> bytes:
    """Readable JSON."""
    return json.dumps(value, indent=2).encode() + b"\n"


def packages() -> bytes:
    """What was installed, as `runyard exec` keeps it."""
    return "\n".join(["# Python 3.12.11", *PACKAGES, ""]).encode()


def log_text(start_ms: int, end_ms: int, lines: Sequence[str]) -> bytes:
    """Lines with a time before each, spread over a run."""
    stride = (end_ms - start_ms) / max(1, len(lines))
    told = (
        f"{datetime.fromtimestamp((start_ms + place * stride) / 1000, UTC):%Y-%m-%d %H:%M:%S} {line}"
        for place, line in enumerate(lines)
    )
    return ("\n".join(told) + "\n").encode()


def report_html(title: str, scores: Mapping[str, float]) -> bytes:
    """A page with a table of scores and bars; a script in it sorts them, where scripts may run."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{score:.4f}</td>"
        f"<td><span class='bar' style='width:{max(2.0, score * 200):.0f}px'></span></td></tr>"
        for name, score in scores.items()
    )
    script = (
        "document.querySelector('h1').onclick=()=>{const b=document.querySelector('tbody');"
        "[...b.rows].sort((x,y)=>y.cells[1].textContent-x.cells[1].textContent).forEach(r=>b.append(r))}"
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p>Click the heading to sort.</p><table><thead><tr><th>score</th><th>value</th>"
        f"<th></th></tr></thead><tbody>{rows}</tbody></table><script>{script}</script>\n"
    ).encode()


def notebook(title: str, cells: Sequence[tuple[str, str]], picture: str = "") -> bytes:
    """A Jupyter notebook.

    Args:
        cells: source and printed output of code; an empty output makes a cell of text.
        picture: a PNG in base64 that the last cell shows.
    """
    made = [_cell(0, 0, f"# {title}", "")]
    runs = 0
    for place, (source, output) in enumerate(cells, 1):
        runs += bool(output)
        made.append(_cell(place, runs, source, output))
    if picture:
        shown = {
            "output_type": "display_data",
            "data": {"image/png": picture, "text/plain": ["<Figure>"]},
            "metadata": {},
        }
        made[-1].setdefault("outputs", []).append(shown)
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    language = {"language_info": {"name": "python", "version": "3.12.11"}}
    return pretty_json(
        {"cells": made, "metadata": {**kernel, **language}, "nbformat": 4, "nbformat_minor": 5}
    )


def _cell(place: int, runs: int, source: str, output: str) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    if not output:
        return {
            "cell_type": "markdown",
            "id": f"cell-{place}",
            "metadata": {},
            "source": lines,
        }
    printed = {"output_type": "stream", "name": "stdout", "text": output.splitlines(keepends=True)}
    more = {"execution_count": runs, "outputs": [printed]}
    return {
        "cell_type": "code",
        "id": f"cell-{place}",
        "metadata": {},
        "source": lines,
        **more,
    }


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """One page of text."""
    text = ["BT /F1 20 Tf 56 770 Td (" + _escaped(title) + ") Tj /F2 11 Tf 0 -34 Td 16 TL"]
    text += [f"({_escaped(line)}) Tj T*" for line in lines]
    stream = "\n".join([*text, "ET"]).encode("latin-1", "replace")
    fonts = "/Font << /F1 5 0 R /F2 6 0 R >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << {fonts} >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def parquet(columns: Mapping[str, Sequence[Any]]) -> bytes | None:
    """Columns as a Parquet file; None where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        return None
    out = io.BytesIO()
    table = import_module("pyarrow").table(dict(columns))
    import_module("pyarrow.parquet").write_table(table, out)
    return out.getvalue()
