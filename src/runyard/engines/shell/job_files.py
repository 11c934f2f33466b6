"""What the runners of a job are told. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.engines.contracts import EngineRequest, Ticket
from runyard.engines.shell.machine import Machine
from runyard.engines.shell.places import Claim, Place
from runyard.entities.compute_room import asked_for

HIDDEN = "(the job's token)"


def job_files(ticket: Ticket, claim: Claim, python: Sequence[str], start: str) -> list[Mapping[str, Any]]:
    """Those of its nodes, by rank.

    Args:
        python: interpreters that environments are made with, where they name none.
        start: another one whenever the job is started anew, by which its nodes know one another.
    """
    of_node = [{"node": rank, "start": start} for rank in range(len(claim.places))]
    return [
        {
            "server": ticket.server_url,
            "workspace": ticket.workspace,
            "run_id": ticket.run_id,
            "token": ticket.token,
            "tidy": True,
            "engine_id": claim.engine_id,
            **({"python": list(python)} if python else {}),
            **({"gpus": list(place.gpus)} if ticket.resources.gpus else {}),
            **({"cpus": ticket.resources.cpus} if ticket.resources.cpus else {}),
            **({} if claim.is_alone else node),
        }
        for place, node in zip(claim.places, of_node, strict=True)
    ]


def shown_request(ticket: Ticket, machines: Sequence[Machine], python: Sequence[str]) -> EngineRequest:
    """The command, and the first node's job file without the token and without what is chosen when it starts."""
    claim = Claim(ticket.run_id, tuple(Place(one.name) for one in machines[: ticket.node_count]))
    chosen = ("engine_id", "start")
    job = {
        name: value for name, value in job_files(ticket, claim, python, "")[0].items() if name not in chosen
    }
    path = machines[0].job_path(ticket.run_id)
    shown = json.dumps({**job, "token": HIDDEN}, indent=2)
    text = f"{_where(ticket, machines)}{machines[0].command()} start {path}\n\n# {path}\n{shown}\n"
    return EngineRequest(text, {"job": job})


def _where(ticket: Ticket, machines: Sequence[Machine]) -> str:
    """Comments."""
    names, count = ", ".join(one.describe for one in machines), ticket.node_count
    if len(machines) == 1:
        where = names
    elif count == 1:
        where = f"the one with the fewest jobs of {names}"
    else:
        where = f'{count} of {names}: those with the fewest jobs; each is told its rank as "node"'
    asks = asked_for(ticket.resources)
    needs = f"# where other jobs of this target leave {asks}\n" if asks else ""
    return f"# on {where}\n{needs}"
