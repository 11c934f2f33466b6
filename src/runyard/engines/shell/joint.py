"""What the states of a job's nodes say of the job."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.engines.contracts import EngineState, Phase
from runyard.engines.shell.places import Claim

NODE_LOST = "NodeLost"


def joint(claim: Claim, nodes: Sequence[EngineState | None]) -> EngineState | None:
    """The job's, by the states of its nodes by rank; None: nothing can be known just now.

    The first node tells of all the others; what it cannot know is that one is gone without a word.
    """
    first = nodes[0]
    if first is None or first.phase is not Phase.RUNNING:
        return first
    for place, node in zip(claim.places[1:], nodes[1:], strict=True):
        if node is not None and (node.phase is Phase.UNKNOWN or node.code == NODE_LOST):
            reason = f"On {place.machine}: {node.reason or 'the job is not known there any more.'}"
            return msgspec.structs.replace(first, code=NODE_LOST, reason=reason)
    return first
