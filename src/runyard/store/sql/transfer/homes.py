"""What to say of a record whose id is taken."""

from __future__ import annotations

from runyard.entities.transfer import Placed


def elsewhere(noun: str, id: str, place: str) -> Placed:
    """A record of that id belongs to another place of the workspace; those of other workspaces are not looked at."""
    return Placed(
        id,
        "conflict",
        message=f"The {noun} {id} exists already in {place}; ids are unique in a workspace. Delete it there, or import "
        "into the place where it is.",
    )
