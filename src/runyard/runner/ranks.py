"""Which of a job's processes are on this machine, and the variables by which they know one another."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

NODE_RANK = ("RUNYARD_NODE_RANK", "SLURM_NODEID", "SLURM_PROCID")


def node_rank(variables: Mapping[str, str] = os.environ) -> int:
    """Of this machine among those of the job, as the engine says it; 0 where there is only one."""
    for name in NODE_RANK:
        value = variables.get(name, "")
        if value.isdigit():
            return int(value)
    return 0


@dataclass(frozen=True)
class Group:
    """All processes of a job.

    Attributes:
        node: rank of this machine. nodes: machines. each: processes on each.
        hosts, ports: addresses of the machines by rank, as far as they are needed, and a port that is free on each.
    """

    communicator: str
    node: int = 0
    nodes: int = 1
    each: int = 1
    hosts: Sequence[str] = ("127.0.0.1",)
    ports: Sequence[int] = (0,)

    @property
    def size(self) -> int:
        """Processes in all."""
        return self.nodes * self.each

    @property
    def alone(self) -> bool:
        """One process that needs to know of no other."""
        return self.size == 1 and self.communicator in ("", "None")

    @property
    def is_mpi(self) -> bool:
        """Whether the processes speak MPI."""
        return self.communicator.lower() in ("mpi", "openmpi", "intelmpi")

    @property
    def needs_all(self) -> bool:
        """Whether each process wants to know where every other one is, and not only the first."""
        return self.communicator.lower() in ("tensorflow", "parameterserver")

    def at(self, hosts: Sequence[str], ports: Sequence[int]) -> Group:
        """The same, with addresses."""
        return replace(self, hosts=hosts, ports=ports)

    def ranks(self) -> list[int]:
        """Of the processes on this machine."""
        return [self.node * self.each + local for local in range(self.each)]

    def variables(self, local: int) -> dict[str, str]:
        """For the process with this number on this machine."""
        rank = self.node * self.each + local
        found = {
            "RUNYARD_NODE_RANK": self.node,
            "RUNYARD_NODE_COUNT": self.nodes,
            "RUNYARD_RANK": rank,
            "RUNYARD_LOCAL_RANK": local,
            "RUNYARD_WORLD_SIZE": self.size,
        }
        return {**{name: str(value) for name, value in found.items()}, **self._communicating(rank, local)}

    def _communicating(self, rank: int, local: int) -> dict[str, str]:
        kind = self.communicator.lower()
        if kind in ("pytorch", "nccl"):
            return self._torch(rank, local)
        if self.is_mpi:
            return {**self._mpi(rank, local), **self._torch(rank, local, with_rank=False)}
        if kind in ("tensorflow", "parameterserver"):
            return {"TF_CONFIG": json.dumps(self._tensorflow(rank))}
        return {}

    def _torch(self, rank: int, local: int, with_rank: bool = True) -> dict[str, str]:
        place = {
            "MASTER_ADDR": self.hosts[0],
            "MASTER_PORT": str(self.ports[0]),
            "NODE_RANK": str(self.node),
        }
        if not with_rank:
            return place
        return {**place, "WORLD_SIZE": str(self.size), "RANK": str(rank), "LOCAL_RANK": str(local)}

    def _mpi(self, rank: int, local: int) -> dict[str, str]:
        return {
            "OMPI_COMM_WORLD_SIZE": str(self.size),
            "OMPI_COMM_WORLD_RANK": str(rank),
            "OMPI_COMM_WORLD_LOCAL_SIZE": str(self.each),
            "OMPI_COMM_WORLD_LOCAL_RANK": str(local),
            "OMPI_COMM_WORLD_NODE_RANK": str(local),
        }

    def _tensorflow(self, rank: int) -> dict[str, object]:
        places = zip(self.hosts[: self.nodes], self.ports)
        workers = [
            f"[{host}]:{port + local}" if ":" in host else f"{host}:{port + local}"
            for host, port in places
            for local in range(self.each)
        ]
        return {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}}
