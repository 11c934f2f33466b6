"""The code blocks of a page, and a session that runs them one after the other as a reader would.

Blocks marked bash and python run, text is what a program prints. A comment `<!-- not run: why -->` on the line before
a block leaves it out. Two lines are not what they are for a reader: `pip install .` is left out, because what the
tests run is installed already, and `runyard up` runs until the next one, on a free port.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.components.processes import free_ports

FENCE = re.compile(r"(?:^<!-- (not run: [^\n]+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"\n\n {4}\S")
PORT = "127.0.0.1:5000"
LIMIT_S = 120


class Block(NamedTuple):
    """One fenced block; left_out says why it does not run."""

    language: str
    code: str
    left_out: str


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a page; neighbours in Python are one program."""
    found: list[Block] = []
    for left_out, language, code in FENCE.findall(text):
        before = found[-1] if found else None
        if before and language == before.language == "python" and not (left_out or before.left_out):
            found[-1] = before._replace(code=before.code + code)
        else:
            found.append(Block(language, code, left_out))
    return found


class Session:
    """A shell in an empty directory. Exports and a started server last until the end.

    Args:
        python: the interpreter that has the mlflow client.
        said: what stands on the page → what it is here.
        environment: variables; PATH comes before what there is.
    """

    def __init__(
        self, directory: Path, python: Path, said: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self.directory = directory
        self._python = python
        self._said = said
        (self._port,) = free_ports(1)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RUNYARD_", "MLFLOW_", "PYTHONPATH"))
        }
        self._environment = {
            **kept,
            **environment,
            "PATH": f"{environment.get('PATH', '')}:{Path(sys.executable).parent}:{os.environ['PATH']}".lstrip(
                ":"
            ),
            "RUNYARD_PORT": str(self._port),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        self._server: subprocess.Popen[str] | None = None

    def run(self, block: Block) -> None:
        """Raises: AssertionError with the output when the block fails."""
        code = block.code.replace(PORT, f"127.0.0.1:{self._port}")
        for word, meaning in self._said.items():
            code = code.replace(word, meaning)
        if block.language == "python":
            self._checked([str(self._python), "-c", code])
            return
        commands: list[str] = []
        for line in code.splitlines():
            if line.startswith("runyard up"):
                self._shell(commands)
                commands = []
                self._serve(line)
            elif line != "pip install .":
                commands.append(line)
        self._shell(commands)

    def close(self) -> None:
        """Stop the server. Raises: AssertionError unless it ends well."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=30)
            assert server.returncode == 0, output

    def _shell(self, commands: list[str]) -> None:
        """Run lines and keep what they export."""
        kept = self.directory / ".environment"
        output = self._checked(["bash", "-euc", "\n".join([*commands, f"env -0 > {shlex.quote(str(kept))}"])])
        pairs = kept.read_text(encoding="utf-8").split("\0")
        self._environment = dict(pair.split("=", 1) for pair in pairs if pair)
        print(output)

    def _checked(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _serve(self, line: str) -> None:
        self.close()
        self._server = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._server.stdout is not None
        ready = self._server.stdout.readline()
        assert ready.startswith("Runyard is ready at"), ready + self._server.stdout.read()
