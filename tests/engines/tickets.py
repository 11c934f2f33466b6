"""Jobs as engines are told of them."""

from __future__ import annotations

import msgspec

from runyard.engines.contracts import Ticket
from runyard.entities.job import Resources

TOKEN, CODE = "ry_the-token", "the-code"


def ticket(run_id: str = "train_1", **changes: object) -> Ticket:
    """A job of one node that asks for nothing."""
    plain = Ticket(
        run_id=run_id,
        name="calm_river",
        workspace="sub/group/lab",
        server_url="http://127.0.0.1:5000",
        token=TOKEN,
        code=CODE,
        node_count=1,
        process_count=1,
        resources=Resources(),
        max_seconds=3600,
    )
    return msgspec.structs.replace(plain, **changes)
