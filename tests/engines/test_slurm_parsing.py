"""What Slurm prints, as values; the lines are of a real 22.05 and, where said, of later ones."""

from __future__ import annotations

import pytest

from runyard.engines.contracts import EngineState, Phase
from runyard.engines.slurm.parsing import expand, parse_ended, parse_nodes, parse_sacct, parse_squeue
from runyard.engines.slurm.words import waits
from runyard.entities.compute import Node

SQUEUE = """\
6       |run6       |PENDING                 |0               |PartitionDown                           |
3       |run3       |CANCELLED               |15              |None                                    |
4       |run4       |COMPLETED               |0               |None                                    |
1       |run1       |FAILED                  |768             |NonZeroExitCode                         |
2       |run2       |FAILED                  |9               |JobLaunchFailure                        |
5       |run5       |FAILED                  |256             |BadConstraints                          |
7       |run7       |RUNNING                 |0               |None                                    |
8       |run8       |TIMEOUT                 |0               |TimeLimit                               |
9       |run9       |OUT_OF_MEMORY           |0:125           |OutOfMemory                             |
10      |run10      |NODE_FAIL               |0               |NodeDown                                |
11      |run11      |COMPLETING              |0               |None                                    |
12      |run12      |FAILED                  |3:0             |NonZeroExitCode                         |
13      |run13      |FAILED                  |35072           |NonZeroExitCode                         |
"""
NAMES = {str(number): f"run{number}" for number in range(100)}
SINFO = """\
n1|mixed|2|4000|(null)
n1|mixed|2|4000|(null)
n2|idle|64|512000|gpu:a100:4(S:0-1),gpu:h100:2
n3|down*|2+|4000|gpu:1
n4|drained|2|4000|
n5|idle~|2|4000|craynetwork:4
n6|allocated|2|4000|gpu:2
"""


def test_each_state_is_told_apart() -> None:
    states = parse_squeue(SQUEUE, NAMES)
    assert states["7"] == states["11"] == EngineState(Phase.RUNNING)
    assert states["6"].phase is Phase.WAITING and "PartitionDown" in states["6"].reason
    assert {job: states[job].code for job in ("1", "2", "3", "4", "5", "8", "9", "10")} == {
        "1": "",
        "2": "",
        "3": "Canceled",
        "4": "",
        "5": "EngineError",
        "8": "TimeOut",
        "9": "OutOfMemory",
        "10": "NodeLost",
    }


@pytest.mark.parametrize(
    ("job", "exit_code", "signal"),
    [("1", 3, None), ("12", 3, None), ("2", None, 9), ("13", None, 9), ("4", 0, None), ("3", None, None)],
)
def test_exit_codes_and_signals(job: str, exit_code: int | None, signal: int | None) -> None:
    state = parse_squeue(SQUEUE, NAMES)[job]
    assert (state.exit_code, state.signal) == (exit_code, signal)


def test_a_job_of_another_name_is_not_ours() -> None:
    assert set(parse_squeue(SQUEUE, {"1": "run1", "2": "run7"})) == {"1"}


def test_what_is_no_row_is_left_out() -> None:
    assert parse_squeue("slurm_load_jobs: warning\n\n||||\n", NAMES) == {}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Resources", "the nodes that it needs are in use (Resources)"),
        ("None", "Slurm has not looked at it yet"),
        ("QOSMaxJobsPerUserLimit", "a limit of its account or QOS is reached (QOSMaxJobsPerUserLimit)"),
        (
            "ReqNodeNotAvail, UnavailableNodes:n[1-2]",
            "nodes that it needs are down or reserved (ReqNodeNotAvail, ",
        ),
        ("SomethingNew", "Slurm: SomethingNew"),
        ("", "Slurm has not looked at it yet"),
    ],
)
def test_reasons_in_words(reason: str, words: str) -> None:
    assert waits(reason).startswith(words)


def test_accounting_knows_what_is_over() -> None:
    rows = ["21|run21|COMPLETED|0:0", "22|run22|CANCELLED by 1000|0:15", "23|run23|FAILED|7:0"]
    rows += ["24|run24|OUT_OF_MEMORY|0:125", "25|run25|RUNNING|0:0", "26|another|FAILED|1:0"]
    states = parse_sacct("\n".join(rows), NAMES)
    assert "26" not in states
    assert states["22"].code == "Canceled" and states["23"].exit_code == 7
    assert states["24"].code == "OutOfMemory" and states["25"].phase is Phase.RUNNING


def test_what_a_script_left_when_it_ended() -> None:
    states = parse_ended("31 0\n32 5\n33 137\n34 x\n35\n")
    assert states["31"].exit_code == 0 and states["32"].exit_code == 5 and states["33"].signal == 9
    assert set(states) == {"31", "32", "33"}


def test_nodes_with_their_gpus_and_jobs() -> None:
    nodes = parse_nodes(SINFO, "n[1-2]   \nn2  \n")
    assert nodes == [
        Node("n1", "running", 2, 4000, 0, 1),
        Node("n2", "idle", 64, 512000, 6, 2),
        Node("n3", "unusable", 2, 4000, 1),
        Node("n4", "unusable", 2, 4000),
        Node("n5", "idle", 2, 4000),
        Node("n6", "running", 2, 4000, 2),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[08-10,12],m1", ["n08", "n09", "n10", "n12", "m1"]),
        ("r[1-2]-ib", ["r1-ib", "r2-ib"]),
        ("", []),
        ("(null)", ["(null)"]),
        ("n[", ["n"]),
    ],
)
def test_lists_of_hosts(text: str, names: list[str]) -> None:
    assert list(expand(text)) == names


def test_a_list_of_hosts_without_end_is_cut() -> None:
    assert sum(1 for _ in expand("n[1-99999999999]")) == 10_000
