"""Which jobs of a queue may start now, and why the others wait. Pure: what is known goes in, what to do comes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from runyard.entities.compute import Compute, ComputeState
from runyard.entities.job import Job
from runyard.store.job_queue_contracts import Load

EXACT, MANY = 20, 100  # jobs ahead: told exactly, told at all


class Decision(msgspec.Struct):
    """Jobs to start, in order, and texts for those that wait, by row."""

    start: list[Job] = []
    waits: dict[int, str] = {}


class _Use:
    """What is used of one compute target, and what is about to be."""

    def __init__(self, compute: Compute, loads: Sequence[Load], capacity: int) -> None:
        self.name = compute.name
        self.limits = compute.limits
        self.running = sum(one.running for one in loads)
        self.nodes = sum(one.nodes for one in loads)
        self.by_person: dict[str, int] = {}
        for load in loads:
            for person, count in load.running_by_person.items():
                self.by_person[person] = self.by_person.get(person, 0) + count
        given = [one for one in (compute.limits.max_running, capacity) if one > 0]
        self.most = min(given) if given else 0
        self.most_nodes = [one for one in (compute.limits.max_nodes, capacity) if one > 0]

    def add(self, job: Job) -> None:
        self.running += 1
        self.nodes += job.definition.node_count
        self.by_person[job.submitted_by_uuid] = self.by_person.get(job.submitted_by_uuid, 0) + 1

    def is_full(self) -> bool:
        return 0 < self.most <= self.running

    def nodes_short_of(self, job: Job) -> int:
        """How many it has at once, where they are too few for this one just now; 0: they are not."""
        wanted = job.definition.node_count
        return next((most for most in self.most_nodes if wanted <= most < self.nodes + wanted), 0)

    def has_enough_of(self, person: str) -> bool:
        most = self.limits.max_running_per_person
        return 0 < most <= self.by_person.get(person, 0)


def decide(
    base: Compute,
    members: Mapping[int, Compute],
    loads: Mapping[int, Load],
    waiting: Sequence[Job],
    capacity: int = 0,
) -> Decision:
    """Which of the waiting jobs start now.

    Nobody overtakes: where one waits for the target, those behind it do too. Only a person's own limit lets others pass.

    Args:
        base: the target that has the machines.
        members: itself and the pools on it, by id.
        waiting: of all of these, in the order in which they are to start.
        capacity: how many jobs of one node the machines run at once by their nature; 0: their scheduler decides.
    """
    decision = Decision()
    of_base = _Use(base, [loads.get(one, Load()) for one in members], capacity)
    uses = {
        one.id: of_base if one.id == base.id else _Use(one, [loads.get(one.id, Load())], 0)
        for one in members.values()
    }
    ahead: dict[int, int] = {}
    closed: dict[int, str] = {}  # targets that take nothing more in this round, and why
    for job in waiting:
        compute = members.get(job.compute_id or 0)
        if compute is None:
            continue
        reason = _closed(base, compute) or closed.get(base.id) or closed.get(compute.id)
        if reason is None:
            reason = _full(job, of_base) or _full(job, uses[compute.id])
            if reason is not None:
                closed[base.id if _full(job, of_base) else compute.id] = reason
        before = ahead.get(compute.id, 0)
        if reason is None:
            personal = _personal(job, of_base) or _personal(job, uses[compute.id])
            if personal is None:
                decision.start.append(job)
                for use in {id(one): one for one in (of_base, uses[compute.id])}.values():
                    use.add(job)
                continue
            decision.waits[job.row] = personal
        else:
            decision.waits[job.row] = behind(before, reason)
        ahead[compute.id] = before + 1
    return decision


def content(base: Compute, compute: Compute, members: Collection[int], loads: Mapping[int, Load]) -> set[str]:
    """Persons, by uuid, of whom as many jobs run as may: whatever else of theirs waits for `compute` lets others pass."""
    uses = (
        _Use(base, [loads.get(one, Load()) for one in members], 0),
        _Use(compute, [loads.get(compute.id, Load())], 0),
    )
    return {person for use in uses for person in use.by_person if use.has_enough_of(person)}


def behind(count: int, reason: str) -> str:
    """What a job is told that has others before it in the queue."""
    if count == 0:
        return f"Waits: {reason}."
    if count <= EXACT:
        many = f"{count} job{'s' if count > 1 else ''}"
    else:
        many = f"about {count // 10 * 10} jobs" if count < MANY else f"more than {MANY} jobs"
    return f"Waits for {many} ahead of it: {reason}."


def away(compute: Compute, error: str) -> str:
    """What a job is told whose target does not answer."""
    return f"Waits for {compute.name}, which cannot be used just now: {error.rstrip('.')}. It is tried again."


def _closed(base: Compute, compute: Compute) -> str | None:
    for one in (compute, base):
        if one.state is ComputeState.STOPPED:
            return f"{one.name} is stopped; it takes jobs again when somebody starts it"
    return None


def _full(job: Job, use: _Use) -> str | None:
    if use.is_full():
        return f"{use.name} runs at most {use.most} at once"
    most = use.nodes_short_of(job)
    if most:
        return f"{use.name} has at most {most} nodes at once, and {use.nodes} are used"
    return None


def _personal(job: Job, use: _Use) -> str | None:
    """Why this one waits, and does not keep others waiting."""
    wanted, most = job.definition.node_count, use.limits.max_nodes
    if 0 < most < wanted:
        return f"Waits for {wanted} nodes, of which {use.name} has at most {most} by now: cancel it, or let it have more."
    if not use.has_enough_of(job.submitted_by_uuid):
        return None
    most = use.limits.max_running_per_person
    return f"Waits for another job of {job.submitted_by} to end: {use.name} runs at most {most} of one person at once."
