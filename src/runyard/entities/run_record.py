"""What the SDK logs to a run beside numbers: text, lists, rows, tables, references to images and charts, errors."""

from __future__ import annotations

import msgspec

KINDS = frozenset(
    (
        *("scalar", "list", "row", "table", "image"),
        *("confusion_matrix", "accuracy_table", "residuals", "predictions", "error"),
    )
)


class RunRecord(msgspec.Struct, frozen=True):
    """One thing logged.

    Attributes:
        uuid: chosen by the client, so that sending it again changes nothing.
        logged_ms: by the client's clock.
        body: a JSON object as text.
    """

    uuid: str
    name: str
    kind: str
    logged_ms: int
    body: str
