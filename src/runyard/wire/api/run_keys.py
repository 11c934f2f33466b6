"""The names in runs as our API spells them."""

from __future__ import annotations

from typing import Literal

import msgspec

from runyard.wire.mlflow.scalars import Int32

Kind = Literal["metric", "param", "tag"]


class KeysRequest(msgspec.Struct):
    """No experiment ids: the whole workspace."""

    experiment_ids: list[str | int] = []
    kinds: list[Kind] = msgspec.field(default_factory=lambda: ["metric", "param", "tag"])
    prefix: str = ""
    max_results: Int32 = 1_000
    page_token: str | None = None


class KeyMessage(msgspec.Struct):
    kind: Kind
    key: str


class KeysAnswer(msgspec.Struct):
    """`whole` is false where more experiments or keys were there than are looked through."""

    items: list[KeyMessage]
    next_page_token: str | None
    whole: bool


class ValuesRequest(msgspec.Struct):
    """No experiment ids: the whole workspace."""

    kind: Literal["param", "tag"]
    key: str
    experiment_ids: list[str | int] = []
    prefix: str = ""
    max_results: Int32 = 50


class ValuesAnswer(msgspec.Struct):
    """`more`: there may be values beyond these; `whole` as for keys."""

    items: list[str]
    more: bool
    whole: bool
