"""Whether the kernel ended processes because memory was short."""

from __future__ import annotations


def killed_for_memory() -> int:
    """How often so far, in this job's control group where there is one, else on this machine. Grows only."""
    found = _of_group()
    return _of_machine() if found is None else found


def _of_group() -> int | None:
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = [line.strip().split(":", 2) for line in file]
    except OSError:
        return None
    for number, controllers, path in lines:
        if number == "0" and not controllers:
            found = _counter(f"/sys/fs/cgroup{path}/memory.events")
        elif "memory" in controllers.split(","):
            found = _counter(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
        else:
            continue
        if found is not None:
            return found
    return None


def _of_machine() -> int:
    return _counter("/proc/vmstat") or 0


def _counter(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            for line in file:
                name, _, value = line.partition(" ")
                if name == "oom_kill":
                    return int(value)
    except (OSError, ValueError):
        return None
    return None
