"""What a folder may be after a power loss, worked out from the system calls of those who wrote to it.

`traced` puts a command under strace, `Trace` reads what it wrote, and `Trace.rebuild` makes the folder as a disk may
hold it when the power goes at some call. What was synced is there. Of what was not, each block has the content that it had
at some moment since, each sector of it its own where the block is torn; the size of a file and the entries of a folder are
those of some moment since as well. A file's entry is safe once its folder was synced, as POSIX says, not before.
Where files are `ordered`, a file that grew is never longer than its content that was written: so ext4, XFS and Btrfs do it.

Not seen are writes through memory maps. Files that are only ever used so (SQLite's `-shm`) are left out.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PAGE, SECTOR = 4096, 512
CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,rename,renameat,renameat2,unlink,"
    "unlinkat,mkdir,mkdirat,rmdir,link,linkat,fsync,fdatasync,copy_file_range,sendfile"
)
LEFT_OUT = ("-shm",)
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2}|[^>])*)>(\(deleted\))?")


def traced(command: Sequence[str], to: Path) -> list[str]:
    """The command, and all that it starts, under strace."""
    flags = ["-f", "--seccomp-bpf", "-ttt", "-y", "-xx", "-s", "16777216", "-qq", "-e", "signal=none"]
    return ["strace", *flags, "-e", f"trace={CALLS}", "-o", str(to), "--", *command]


def missing() -> str | None:
    """Why there can be no trace here; None where there can be."""
    return None if shutil.which("strace") else "strace not found: run scripts/install-components"


class Call(NamedTuple):
    """A system call that succeeded. It began with line `begin` of the trace, at time `at_s`, and ended with line `end`."""

    begin: int
    end: int
    at_s: float
    name: str
    arguments: str
    result: int


class Change(NamedTuple):
    """A write, a truncation (data is None) or a new entry."""

    begin: int
    end: int
    offset: int
    data: bytes | None
    safe: bool = False  # once the call has ended


@dataclass
class Node:
    """What can be synced: the calls that did it, as (begin, end)."""

    syncs: list[tuple[int, int]] = field(default_factory=list)

    def synced_before(self, moment: int) -> int:
        """Whatever ended before this line is safe when the power goes at a line."""
        return max((begin for begin, end in self.syncs if end < moment), default=-1)


@dataclass
class File(Node):
    """All that was ever written to a file, in order."""

    changes: list[Change] = field(default_factory=list)
    size: int = 0
    removed: int | None = None  # the line at which it was


@dataclass
class Folder(Node):
    """All that ever happened to the entries of a folder, in order."""

    entries: list[tuple[int, int, dict[str, File | Folder | None]]] = field(default_factory=list)
    now: dict[str, File | Folder] = field(default_factory=dict)

    def put(self, call: Call, changed: dict[str, File | Folder | None]) -> None:
        """Names that one call gave or took, all of them or none."""
        self.entries.append((call.begin, call.end, changed))
        _put(self.now, changed)

    def all_files(self) -> Iterator[tuple[str, File]]:
        """All that ever were below it, with each name that they had."""
        for _, _, changed in self.entries:
            for name, node in changed.items():
                if isinstance(node, File):
                    yield name, node
                elif node is not None:
                    yield from node.all_files()


def _put(names: dict[str, File | Folder], changed: Mapping[str, File | Folder | None]) -> None:
    for name, node in changed.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Trace:
    """Everything that happened below `root`, which was an empty folder.

    Args:
        notes: a file elsewhere; each write to it is a mark.
    """

    def __init__(self, path: Path, root: Path, notes: Path | None = None) -> None:
        self.root = Folder()
        self.marks: list[int] = []
        """The lines at which something was noted."""
        self._place = os.fsencode(root)
        self._notes = os.fsencode(notes) if notes is not None else None
        self.calls: list[Call] = []
        self._synchronous: dict[tuple[bytes, str], bool] = {}
        self._offsets: dict[tuple[bytes, str], int] = {}
        self._appending: dict[tuple[bytes, str], bool] = {}
        self.times_s: list[float] = []
        for call in sorted(_calls(path, self.times_s)):
            if self._applied(call):
                self.calls.append(call)

    @property
    def moments(self) -> list[int]:
        """The lines at which something below the root had just begun or ended."""
        return sorted({one.begin + 1 for one in self.calls} | {one.end + 1 for one in self.calls})

    def at(self, moment: int) -> float:
        """The time of a line; whatever was heard of before that time was done before that line."""
        return self.times_s[min(moment, len(self.times_s) - 1)]

    def marked(self, moment: int) -> int:
        """How much was noted before a line."""
        return bisect_left(self.marks, moment)

    def rebuild(
        self, moment: int, target: Path, chance: random.Random, *, ordered: Callable[[Path], bool]
    ) -> None:
        """Make `target` what the disk may hold when the power goes at a line."""
        Rebuilt(moment, chance, ordered).folder(self.root, target)

    def rebuild_whole(self, target: Path) -> None:
        """Make `target` what the folder was when the trace ended."""
        rebuilt = Rebuilt(len(self.times_s) + 1, random.Random(0), lambda path: False)
        rebuilt.pending = "all"
        rebuilt.folder(self.root, target)

    def _applied(self, call: Call) -> bool:
        """Take a call into account; whether it was below the root."""
        name = call.name
        if name in ("write", "pwrite64", "writev", "pwritev", "pwritev2"):
            return self._write(call)
        if name in ("fsync", "fdatasync"):
            node = self._node(_fd(call.arguments)[1])
            if node is not None:
                node.syncs.append((call.begin, call.end))
            return node is not None
        if name in ("openat", "open", "creat"):
            return self._open(call)
        if name in ("ftruncate", "truncate", "fallocate"):
            return self._resize(call)
        if name in ("copy_file_range", "sendfile"):
            return self._copy(call)
        return self._entry(call)

    def _write(self, call: Call) -> bool:
        number, path = _fd(call.arguments)
        if path and path == self._notes:
            self.marks.append(call.begin)
            return False
        node = self._node(path)
        if not isinstance(node, File):
            return False
        _, _, rest = call.arguments.partition(", ")
        data = b"".join(map(_unhex, _TEXT.findall(rest)))[: call.result]
        key = (path, number)
        if call.name.startswith("p"):
            offset = int(re.findall(r", (\d+)", rest)[-1])
        else:
            offset = node.size if self._appending.get(key) else self._offsets.get(key, 0)
            self._offsets[key] = offset + len(data)
        safe = self._synchronous.get(key, False)
        self._change(node, Change(call.begin, call.end, offset, data, safe))
        return True

    def _change(self, node: File, change: Change) -> None:
        node.changes.append(change)
        node.size = change.offset if change.data is None else max(node.size, change.offset + len(change.data))

    def _open(self, call: Call) -> bool:
        found = _FD.findall(call.arguments)
        base = _unhex(found[0][1]) if found and call.name == "openat" else b""
        path = os.path.join(base, _unhex(_TEXT.findall(call.arguments)[0]))
        parent, name = self._parent(path)
        if parent is None:
            return False
        flags = call.arguments
        node = parent.now.get(name)
        if node is None:
            node = File()
            parent.put(call, {name: node})
        if (
            isinstance(node, File) and "O_RDONLY" not in flags
        ):  # another process that reads may have the same number
            key = (path, str(call.result))
            self._synchronous[key] = "O_DSYNC" in flags or "O_SYNC" in flags
            self._appending[key] = "O_APPEND" in flags
            self._offsets[key] = 0
            if "O_TRUNC" in flags and node.size:
                self._change(node, Change(call.begin, call.end, 0, None))
        return True

    def _resize(self, call: Call) -> bool:
        path = _unhex(_TEXT.findall(call.arguments)[0]) if call.name == "truncate" else _fd(call.arguments)[1]
        node = self._node(path)
        if not isinstance(node, File):
            return False
        numbers = [int(one) for one in re.findall(r", (\d+)", call.arguments)]
        if call.name == "fallocate":
            end = numbers[-2] + numbers[-1]
            if end > node.size:
                self._change(node, Change(call.begin, call.end, end, None))
            return True
        self._change(node, Change(call.begin, call.end, numbers[-1], None))
        return True

    def _copy(self, call: Call) -> bool:
        """Copies begin at the start of both files and go on; the source lies elsewhere and stays as it was."""
        ends = [(one[0], _unhex(one[1])) for one in _FD.findall(call.arguments)]
        (_, source), (number, target) = ends if call.name == "copy_file_range" else ends[::-1]
        node = self._node(target)
        if not isinstance(node, File):
            return False
        if call.result:
            key = (target, number)
            offset = self._offsets.get(key, 0)
            data = Path(os.fsdecode(source)).read_bytes()[offset : offset + call.result]
            assert len(data) == call.result
            self._offsets[key] = offset + len(data)
            self._change(node, Change(call.begin, call.end, offset, data))
        return True

    def _entry(self, call: Call) -> bool:
        paths = self._paths(call)
        parent, name = self._parent(paths[0])
        if call.name in ("mkdir", "mkdirat"):
            if parent is not None:
                parent.put(call, {name: Folder()})
        elif call.name in ("unlink", "unlinkat", "rmdir"):
            if parent is not None:
                if isinstance(gone := parent.now.get(name), File):
                    gone.removed = call.end
                parent.put(call, {name: None})
        elif len(paths) == 2:
            there, new_name = self._parent(paths[1])
            if there is None and parent is None:
                return False
            assert there is not None and parent is not None, (call, paths)
            node = parent.now[name]
            moved: dict[str, File | Folder | None] = {name: None} if call.name.startswith("rename") else {}
            if there is parent:
                parent.put(call, {**moved, new_name: node})
            else:
                there.put(call, {new_name: node})
                parent.put(call, moved)
        return parent is not None

    def _paths(self, call: Call) -> list[bytes]:
        """The one or two paths of a call, each below the folder in front of it where there is one."""
        found = []
        for part in re.finditer(rf'(?:{_FD.pattern}, )?"((?:\\x[0-9a-f]{{2}})*)"', call.arguments):
            base = _unhex(part[2]) if part[2] else b""
            found.append(os.path.join(base, _unhex(part[4])))
        return found

    def _node(self, path: bytes) -> File | Folder | None:
        """What is at a path; None outside of the root, and for what was removed."""
        if path == self._place:
            return self.root
        parent, name = self._parent(path)
        return parent.now.get(name) if parent is not None else None

    def _parent(self, path: bytes) -> tuple[Folder | None, str]:
        """The folder that a path lies in, and its name there; None outside of the root."""
        path = os.path.normpath(path)
        if not path.startswith(self._place + b"/"):
            return None, ""
        *folders, name = os.fsdecode(path[len(self._place) + 1 :]).split("/")
        here: File | Folder | None = self.root
        for one in folders:
            here = here.now.get(one) if isinstance(here, Folder) else None
        return (here if isinstance(here, Folder) else None), name


class Rebuilt:
    """One of the states that a disk may be in when the power goes at a line."""

    def __init__(self, moment: int, chance: random.Random, ordered: Callable[[Path], bool]) -> None:
        self._moment = moment
        self._chance = chance
        self._ordered = ordered
        # How much of what was not synced is there: nothing, everything, or what chance wants.
        self.pending = chance.choice(("none", "all", "any", "any"))
        self._unit = chance.choice((SECTOR, PAGE))

    def folder(self, node: Folder, target: Path) -> None:
        """A folder and all below it."""
        target.mkdir()
        synced = node.synced_before(self._moment)
        begun = [one for one in node.entries if one[0] < self._moment]
        safe = sum(1 for one in begun if one[1] <= synced)
        found: dict[str, File | Folder] = {}
        for _, _, changed in begun[: self._upto(safe, len(begun))]:
            _put(found, changed)
        for name, entry in found.items():
            if isinstance(entry, Folder):
                self.folder(entry, target / name)
            elif not name.endswith(LEFT_OUT):
                (target / name).write_bytes(self.content(entry, ordered=self._ordered(target / name)))

    def content(self, node: File, *, ordered: bool) -> bytes:
        """A file."""
        synced = node.synced_before(self._moment)
        begun = [one for one in node.changes if one.begin < self._moment]
        safe = [
            at for at, one in enumerate(begun) if one.end <= synced or (one.safe and one.end < self._moment)
        ]
        # What is not safe may stand before what is. It is there, then: that, too, is a state that a disk may be in.
        last = safe[-1] + 1 if safe else 0
        pending = begun[last:]
        data = bytearray()
        for one in begun[:last]:
            _apply(data, one)
        sizes = [len(data)]
        for one in pending:
            sizes.append(_size_after(sizes[-1], one))
        size = sizes[self._upto(0, len(pending))]
        data.extend(bytes(max(sizes) - len(data)))
        for start in self._units(pending):
            mine = [one for one in pending if _touches(one, start, start + self._unit)]
            there = self._upto(0, len(mine))
            for one in mine[:there]:
                _apply_to_unit(data, one, start, start + self._unit)
            if ordered and there < len(mine):
                size = min(size, max(sizes[0], start))
        return bytes(data[:size])

    def _units(self, pending: Sequence[Change]) -> Iterator[int]:
        found: set[int] = set()
        for one in pending:
            if one.data:
                first = one.offset // self._unit
                last = (one.offset + len(one.data) - 1) // self._unit
                found.update(range(first, last + 1))
        yield from (number * self._unit for number in sorted(found))

    def _upto(self, least: int, most: int) -> int:
        if self.pending == "none":
            return least
        return most if self.pending == "all" else self._chance.randint(least, most)


def _apply(data: bytearray, change: Change) -> None:
    """As the file system shows it."""
    end = change.offset + len(change.data or b"")
    if change.data is None:
        del data[end:]
    if end > len(data):
        data.extend(bytes(end - len(data)))
    if change.data is not None:
        data[change.offset : end] = change.data


def _size_after(size: int, change: Change) -> int:
    return change.offset if change.data is None else max(size, change.offset + len(change.data))


def _touches(change: Change, start: int, end: int) -> bool:
    if change.data is None:
        return change.offset < end
    return change.offset < end and change.offset + len(change.data) > start


def _apply_to_unit(data: bytearray, change: Change, start: int, end: int) -> None:
    first = max(start, change.offset)
    if change.data is None:
        last = min(end, len(data))
        data[first:last] = bytes(max(0, last - first))
        return
    last = min(end, change.offset + len(change.data))
    data[first:last] = change.data[first - change.offset : last - change.offset]


def _calls(path: Path, times_s: list[float]) -> Iterator[Call]:
    """The calls of a trace that succeeded. What had not ended when the trace did ends with its last line."""
    open_calls: dict[str, tuple[int, float, str]] = {}
    with path.open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file):
            found = _LINE.fullmatch(line.rstrip("\n"))
            if found is None:
                times_s.append(times_s[-1] if times_s else 0.0)
                continue
            process, at, text = found[1], float(found[2]), found[3]
            times_s.append(max(at, times_s[-1] if times_s else at))
            resumed = _RESUMED.match(text)
            begin = number
            if text.endswith("<unfinished ...>"):
                open_calls[process] = (number, at, text.removesuffix("<unfinished ...>").rstrip())
                continue
            if resumed is not None:
                if process not in open_calls:
                    continue
                begin, at, start = open_calls.pop(process)
                text = start + resumed[2]
            call = _CALL.match(text)
            if call is not None and int(call[3]) >= 0:
                yield Call(begin, number, at, call[1], call[2], int(call[3]))


def _fd(arguments: str) -> tuple[str, bytes]:
    """The descriptor that a call begins with, and its path; no path for what has none, or none any more."""
    found = _FD.match(arguments)
    if found is None or found[3]:
        return "", b""
    return found[1], _unhex(found[2])


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
