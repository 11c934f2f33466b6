"""What engines say, as it may be kept and shown: machines are not ours, so their words are cut and made plain."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.engines.contracts import EngineState
from runyard.entities.compute import Node

TEXT_CHARS = 2_000
NAME_CHARS = 300
NODES = 10_000
GREATEST = 2**31 - 1


def plain(text: str, chars: int = TEXT_CHARS) -> str:
    """Without what no database and no page takes: control characters, halves of characters."""
    cut = text if len(text) <= chars else f"{text[:chars]}…"
    return "".join(one if one.isprintable() or one == "\n" else " " for one in cut).strip()


def plain_state(state: EngineState) -> EngineState:
    """The same with plain words and numbers that fit."""
    return msgspec.structs.replace(
        state,
        reason=plain(state.reason),
        code=plain(state.code, 64),
        exit_code=_small(state.exit_code),
        signal=_small(state.signal),
    )


def plain_nodes(nodes: Sequence[Node]) -> list[Node]:
    """The same, and not too many."""
    return [
        Node(
            plain(one.name, NAME_CHARS),
            plain(one.state, NAME_CHARS),
            _count(one.cpus),
            _count(one.memory_mb),
            _count(one.gpus),
            _count(one.running),
        )
        for one in nodes[:NODES]
    ]


def _small(number: int | None) -> int | None:
    return None if number is None or abs(number) > GREATEST else number


def _count(number: int) -> int:
    return max(0, min(number, GREATEST))
