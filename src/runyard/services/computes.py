"""Rules for compute targets: what they are made of, what is secret about them, who may submit to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from runyard.engines.contracts import EngineBusy, EngineRefused, EngineUnreachable
from runyard.entities.common import Page
from runyard.entities.compute import Compute, ComputeState, Node
from runyard.entities.compute_room import why_never
from runyard.entities.job import JobDefinition
from runyard.errors import InvalidInput, InvalidState, NotAllowed, NotFound, shown
from runyard.jobs.engines import Target, Targets
from runyard.jobs.texts import plain, plain_nodes
from runyard.services.checks import check_max_results, check_text
from runyard.services.compute_fields import ComputeFields, ComputeMaker
from runyard.services.compute_kinds import is_loopback
from runyard.services.context import Context
from runyard.store.compute_contracts import ComputeStore
from runyard.store.job_contracts import JobFilter, JobStore
from runyard.store.job_queue_contracts import JobQueue, Load

PAGE_LIMIT = 1_000
MOST = 1_000  # compute targets of a workspace
CHECK_S = 25.0
FORCE_S = 10.0  # that a deletion waits for its jobs to be canceled
ALL_JOBS = "jobs/write"


class ComputeService:
    """Every method raises NotFound for a name that the caller's workspace does not have.

    Args:
        wake: tells the dispatcher that there may be something to do.
        own_url: how machines reach this server where their target says nothing else.
    """

    def __init__(
        self,
        store: ComputeStore,
        maker: ComputeMaker,
        targets: Targets,
        queue: JobQueue,
        jobs: JobStore,
        wake: Callable[[], None],
        own_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._maker = maker
        self._targets = targets
        self._queue = queue
        self._jobs = jobs
        self._wake = wake
        self._own_url = own_url
        self._clock = clock

    async def create(self, ctx: Context, kind: str, fields: ComputeFields) -> Compute:
        """Make or attach one, and look at it once; one that does not answer is kept and says so in `error`.

        Raises: InvalidInput, AlreadyExists.
        """
        new = await self._maker.new(ctx, kind, fields)
        made = await self._store.create(ctx.workspace_id, new, ctx.principal.name, MOST)
        return await self.check(ctx, made.name)

    async def update(self, ctx: Context, name: str, fields: ComputeFields) -> Compute:
        """Change what is given; what is None stays. Raises: InvalidInput, InvalidState."""
        old = await self.get(ctx, name)
        new = await self._maker.changed(ctx, old, fields)
        changed = await self._store.replace(ctx.workspace_id, old.id, new, old.modified_ms)
        if fields.reaches_elsewhere:
            changed = await self.check(ctx, name)
        self._wake()
        return changed

    async def get(self, ctx: Context, name: str) -> Compute:
        """One by its name."""
        check_text("name", name)
        found = await self._store.find(ctx.workspace_id, name)
        if found is None:
            raise NotFound(
                f"There is no compute target {shown(name, 100)} in workspace {ctx.workspace!r}. `runyard compute list` "
                "shows those that there are."
            )
        return found

    async def list(self, ctx: Context, *, max_results: int, page_token: str | None) -> Page[Compute]:
        """By name."""
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.list(ctx.workspace_id, max_results=size, page_token=page_token or None)

    async def loads(self, computes: Sequence[Compute]) -> Mapping[int, Load]:
        """How much each is used."""
        return await self._queue.load([one.id for one in computes])

    async def start(self, ctx: Context, name: str) -> Compute:
        """Take jobs again."""
        return await self._set_state(ctx, name, ComputeState.RUNNING)

    async def stop(self, ctx: Context, name: str) -> Compute:
        """Take no jobs until it is started; what runs goes on."""
        return await self._set_state(ctx, name, ComputeState.STOPPED)

    async def check(self, ctx: Context, name: str) -> Compute:
        """Ask the engine now, for at most half a minute."""
        compute = await self.get(ctx, name)
        error, nodes = "", None
        try:
            async with asyncio.timeout(CHECK_S):
                target = await self._targets.of(compute)
                nodes = plain_nodes(await (await self._targets.engine(target.base)).nodes())
                error = target.lacks or self._way_back(target)
        except (EngineUnreachable, EngineRefused, EngineBusy) as exc:
            error = plain(str(exc))
        except TimeoutError:
            error = f"It did not answer within {CHECK_S:.0f} seconds."
        await self._store.told(compute.id, int(self._clock() * 1000), error, nodes)
        if not error:
            self._wake()
        return await self.get(ctx, name)

    async def delete(self, ctx: Context, name: str, *, force: bool) -> None:
        """Forget it with its credentials.

        Args:
            force: its jobs are canceled first.
        Raises: InvalidState, while jobs of it have not ended or pools are made of it.
        """
        compute = await self.get(ctx, name)
        pools = [one.name for one in await self._store.pools_on(ctx.workspace_id, name)]
        if pools:
            raise InvalidState(
                f"The compute target {name!r} has pools: {', '.join(pools[:10])}. Delete those first."
            )
        if force:
            await self._cancel_all(ctx, compute)
        await self._store.delete(compute.id, with_jobs=force)
        await self._targets.forget(compute.id)
        self._wake()

    async def for_submit(
        self, ctx: Context, name: str, definition: JobDefinition
    ) -> tuple[Compute, JobDefinition]:
        """The compute target that a job goes to, and the job's definition within its limits.

        Raises: NotFound, NotAllowed, InvalidInput; InvalidState for a pool whose machines are gone.
        """
        compute = await self.get(ctx, name)
        try:
            target = await self._targets.of(compute)
        except EngineRefused as exc:
            raise InvalidState(str(exc)) from exc
        for one in (compute, target.base):
            if one.groups and not await self._is_member(ctx, one.groups):
                raise NotAllowed(
                    f"Only members of {', '.join(one.groups)} may submit to the compute target {one.name!r}. Who manages "
                    f"teams adds you: `runyard team add {one.groups[0]} {ctx.principal.name}`."
                )
        if target.lacks:
            raise InvalidState(target.lacks)
        nodes = [one.limits.max_nodes for one in (target.base, compute)]
        nodes = [one for one in (*nodes, target.size.max_nodes if target.size else 0) if one > 0]
        if nodes and definition.node_count > min(nodes):
            raise InvalidInput(
                f"The job asks for {definition.node_count} nodes; the compute target {name!r} has at most {min(nodes)}."
            )
        resources = target.resources(definition.resources)
        machines = _machines(target.base)
        never = why_never(machines, definition.node_count, resources) if machines else ""
        if never:
            raise InvalidInput(f"{never} What {target.base.name!r} has was seen when it was last checked.")
        longest = [one.limits.max_seconds for one in (target.base, compute) if one.limits.max_seconds > 0]
        return compute, msgspec.structs.replace(
            definition,
            resources=resources,
            max_seconds=min([definition.max_seconds, *longest]),
        )

    async def max_queued(self, compute_id: int) -> int:
        """Jobs that one person may have in its queue; 0: no limit."""
        found = (await self._store.by_ids([compute_id])).get(compute_id)
        return 0 if found is None else found.limits.max_queued_per_person

    def _way_back(self, target: Target) -> str:
        """What is wrong when its machines are elsewhere and are told an address that is this machine's own; empty: nothing."""
        url = target.compute.server_url or target.base.server_url or self._own_url
        settings = target.base.settings
        places = [str(one.get("address", "")) for one in settings.get("hosts", ())]
        places += [urlsplit(str(settings["address"])).hostname or ""] if "address" in settings else []
        if not places or not is_loopback(urlsplit(url).hostname or "") or any(map(is_loopback, places)):
            return ""
        return (
            f"Its machines do not reach this server at {url}, which is an address of its own machine. Say how they do: "
            "server_url of the compute target, or --public-url of a server that listens beyond loopback."
        )

    async def _is_member(self, ctx: Context, groups: Collection[str]) -> bool:
        return bool(set(groups) & set(await self._store.groups_of(ctx.principal.id)))

    async def _set_state(self, ctx: Context, name: str, state: ComputeState) -> Compute:
        compute = await self.get(ctx, name)
        await self._store.set_state(compute.id, state)
        self._wake()
        return await self.get(ctx, name)

    async def _cancel_all(self, ctx: Context, compute: Compute) -> None:
        """Cancel all jobs, and give their engine a while to do so. A runner that is not reached hears of it at its next beat."""
        if not ctx.grants.permits(ALL_JOBS, None):
            raise NotAllowed(
                f"{ctx.principal.name} may not do {ALL_JOBS} here, so cancels no jobs of others."
            )
        await self._store.set_state(compute.id, ComputeState.STOPPED)
        wanted = JobFilter(target=compute.name, active=True)
        until = self._clock() + FORCE_S
        token: str | None = None
        while True:
            page = await self._jobs.list(ctx.workspace_id, wanted, max_results=PAGE_LIMIT, page_token=token)
            for job in page.items:
                await self._jobs.cancel(ctx.workspace_id, job.run_id)
            token = page.next_page_token
            if not token:
                break
        self._wake()
        while await self._queue.active([compute.id]) and self._clock() < until:
            await asyncio.sleep(0.2)


def _machines(base: Compute) -> Sequence[Node]:
    """What a target has whose machines stay the same, as far as it is known; empty: its scheduler decides."""
    if base.kind == "local":
        return base.nodes[:1] or [Node("", "")]
    if base.kind != "ssh":
        return ()
    hosts = base.settings.get("hosts", ())
    return base.nodes if len(base.nodes) == len(hosts) else [Node("", "")] * len(hosts)
