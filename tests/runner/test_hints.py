"""What becomes of scripts with odd names and line ends, and of those that a plain error would say too little about."""

from __future__ import annotations

import pytest

from tests.runner.jobs import Runner, python
from tests.runner.standin import StandIn, archive

SET_EXPERIMENT = """
class MlflowException(Exception): pass
MlflowException.__module__ = "mlflow.exceptions"
raise MlflowException("Cannot start run with ID r because active experiment ID does not match environment run ID. Make sure")
"""


@pytest.mark.parametrize(
    ("content", "mode", "word"),
    [
        (b"#!/bin/sh\r\necho hello\r\n", 0o755, "end as on Windows"),
        (b"#!/no/such/shell -e\necho hello\n", 0o755, "does not have /no/such/shell -e"),
        (b"echo hello\n", 0o755, "Its first line does not say what runs it"),
        (b"#!/bin/sh\necho hello\n", 0o644, "`sh ./run.sh`"),
    ],
)
def test_a_program_that_is_there_and_does_not_start(
    runner: Runner, server: StandIn, content: bytes, mode: int, word: str
) -> None:
    server.told.snapshot = archive({"run.sh": content}, mode)
    server.told.definition = {"command": ["./run.sh"]}
    assert runner.work(server) == 1
    assert word in server.told.ends[0]["error"]["message"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (SET_EXPERIMENT, "leave that call out"),
        ("import absent", "(exit code 1). Neither the run's environment"),
    ],
)
def test_an_error_of_whoever_submitted_is_told_with_the_way_out(
    runner: Runner, server: StandIn, text: str, word: str
) -> None:
    server.told.definition = python(text)
    assert runner.work(server) == 1
    assert word in server.told.ends[0]["error"]["message"]


def test_outputs_whose_names_are_no_text_are_kept(runner: Runner, server: StandIn) -> None:
    server.told.definition = python(
        "import os; os.mkdir('logs'); [open(os.fsencode(one) + b'/caf\\xe9', 'w').write('x') for one in ('logs', 'outputs')]"
    )
    assert runner.work(server) == 0
    assert server.told.artifacts["outputs/caf%E9"] == b"x"
    assert server.told.log("logs/caf%E9") == "x"
