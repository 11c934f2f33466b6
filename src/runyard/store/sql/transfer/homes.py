"""What to say of a record whose id is taken."""

from __future__ import annotations

from runyard.entities.transfer import Placed


def elsewhere(noun: str, id: str, workspace_id: int, wanted: int, experiment_id: int) -> Placed:
    """A record of that id belongs to another workspace, which is not named, or to another experiment."""
    place = f"experiment {experiment_id}" if workspace_id == wanted else "another workspace of this server"
    return Placed(
        id,
        "conflict",
        message=f"The {noun} {id} exists already in {place}; ids are unique on a server. Delete it there, or import "
        "into the place where it is.",
    )
