"""Where the console scripts begin: it loads little, so that Ctrl-C while the rest loads is quiet too."""

from __future__ import annotations

import importlib
import sys

INTERRUPTED = 130


def runyard() -> None:
    """`runyard`."""
    _run("runyard.cli.main", "runyard")


def azml() -> None:
    """`azml`."""
    _run("runyard.cli.azml", "azml")


def _run(module: str, program: str) -> None:
    try:
        importlib.import_module(module).main(prog_name=program)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)
