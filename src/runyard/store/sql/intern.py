"""Names to row ids, remembered by the writer: metric, param and tag keys, and runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from runyard.entities.log_rules import run_absent

REMEMBERED_RUNS = 50_000
IN_ONE_QUERY = 500


class RunRef(NamedTuple):
    """The part of a run that every write needs."""

    id: int
    uuid: str
    workspace_id: int
    experiment_id: int
    stage: int


class _Rows(Protocol):
    def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None: ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int: ...


class Interned:
    """What one writer knows without asking. Keys are never deleted, so a committed key stays true for ever.

    Args:
        remember_runs: only where no other process writes to the same database.
    """

    def __init__(self, *, remember_runs: bool) -> None:
        self._keys: dict[str, int] = {}
        self._new_keys: dict[str, int] = {}
        self._runs: dict[tuple[int, str], RunRef] = {}
        self._remember_runs = remember_runs

    def key(self, rows: _Rows, name: str) -> int:
        """The id of one key, made when absent."""
        known = self._keys.get(name) or self._new_keys.get(name)
        return known if known is not None else self._make_key(rows, name)

    def keys(self, rows: _Rows, names: Iterable[str]) -> list[int]:
        """The ids of many keys, in the order of names."""
        known = self._keys
        wanted = names if isinstance(names, list) else list(names)
        try:
            return [known[name] for name in wanted]
        except KeyError:
            fresh = {name for name in wanted if name not in known and name not in self._new_keys}
            if len(fresh) > 1:
                self._make_keys(rows, sorted(fresh))
            return [self.key(rows, name) for name in wanted]

    def _make_keys(self, rows: _Rows, names: Sequence[str]) -> None:
        """Those of many keys that are absent, in few statements."""
        for start in range(0, len(names), IN_ONE_QUERY):
            some = names[start : start + IN_ONE_QUERY]
            values, marks = ", ".join(["(?)"] * len(some)), ", ".join("?" * len(some))
            made = rows.all(
                f"INSERT INTO keys (name) VALUES {values} ON CONFLICT (name) DO NOTHING RETURNING name, id",
                some,
            )
            if len(made) < len(some):
                made = rows.all(f"SELECT name, id FROM keys WHERE name IN ({marks})", some)
            self._new_keys.update(made)

    def _make_key(self, rows: _Rows, name: str) -> int:
        row = rows.one(
            "INSERT INTO keys (name) VALUES (?) ON CONFLICT (name) DO NOTHING RETURNING id", (name,)
        )
        row = row or rows.one("SELECT id FROM keys WHERE name = ?", (name,))
        assert row is not None
        self._new_keys[name] = row[0]
        return int(row[0])

    def run(self, rows: _Rows, workspace_id: int, uuid: str) -> RunRef:
        """The run of that id.

        Raises: NotFound, also when it belongs to another workspace.
        """
        ref = self._runs.get((workspace_id, uuid))
        if ref is None:
            row = rows.one(
                "SELECT id, uuid, workspace_id, experiment_id, stage FROM runs WHERE uuid = ? AND workspace_id = ?",
                (uuid, workspace_id),
            )
            if row is None:
                raise run_absent(uuid)
            ref = RunRef(*row)
            if len(self._runs) >= REMEMBERED_RUNS:
                self._runs.clear()
            self._runs[workspace_id, uuid] = ref
        return ref

    def forget_runs(self) -> None:
        """After any change of a run's stage."""
        self._runs.clear()

    def mark(self) -> int:
        """A point to come back to with `rollback`."""
        return len(self._new_keys)

    def rollback(self, mark: int = 0) -> None:
        """The changes since mark were undone."""
        for name in list(self._new_keys)[mark:]:
            del self._new_keys[name]
        self._runs.clear()

    def committed(self) -> None:
        """The transaction is durable."""
        if self._new_keys:
            self._keys.update(self._new_keys)
            self._new_keys.clear()
        if not self._remember_runs:
            self._runs.clear()
