"""Files on a machine, written by what every machine has."""

from __future__ import annotations

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.engines.shell.contracts import Ran, Shell

# On one line, because not every login shell lets a quoted word go over several.
_PUT = "; ".join(
    (
        "set -e; umask 077",
        'case "$1" in */*) mkdir -p -- "${1%/*}";; esac',
        'cat > "$1.$$.part" || { rm -f -- "$1.$$.part"; exit 1; }',
        'test "$(wc -c < "$1.$$.part")" -eq "$3" || { rm -f -- "$1.$$.part"; echo "the file came short" >&2; exit 1; }',
        'chmod "$2" "$1.$$.part"; mv -f -- "$1.$$.part" "$1"',
    )
)


async def put_by_program(shell: Shell, content: bytes, path: str, mode: int) -> None:
    """As `Shell.put`, with `run`."""
    argv = ["sh", "-c", _PUT, "sh", path, f"{mode:o}", str(len(content))]
    ran = await shell.run(argv, content)
    if ran.exit_code != 0:
        raise not_written(shell, path, ran)


def not_written(shell: Shell, path: str, ran: Ran) -> Exception:
    """Why a file is not there: a full disk may have room again, a forbidden directory stays forbidden."""
    text = f"{path} cannot be written on {shell.describe}: {ran.complaint}"
    forbidden = any(
        word in ran.complaint for word in ("ermission denied", "ead-only", "ot a directory", "File exists")
    )
    if not forbidden:
        return EngineUnreachable(text)
    return EngineRefused(f"{text.rstrip('.')}. A compute target with another `folder` (--folder) may help.")
