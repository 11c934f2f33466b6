"""Jobs from their sources to their end, at a server that is asked what it heard."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.runner.jobs import Runner, python
from tests.runner.standin import RUN, TOKEN, StandIn, archive

TRAIN = b"""
import os, sys
print("arguments", sys.argv[1:], flush=True)
print("in", os.getcwd(), file=sys.stderr)
open("outputs/model.txt", "w").write("weights")
os.makedirs("outputs/deep/er")
open("outputs/deep/er/part", "wb").write(bytes(3_000_000))
os.makedirs("logs")
open("logs/steps.log", "w").write("step 1\\n")
"""


def test_a_script_runs_with_its_sources_logs_and_outputs(runner: Runner, server: StandIn) -> None:
    told = server.told
    told.snapshot = archive({"train.py": TRAIN, "lib/helper.py": b""})
    told.definition = {"script": "train.py", "arguments": ["--lr", "0.1"]}
    assert runner.work(server) == 0, runner.said
    assert "arguments ['--lr', '0.1']" in told.log()
    assert str(runner.job / "work") in told.log()
    assert told.log("logs/steps.log") == "step 1\n"
    assert told.artifacts["outputs/model.txt"] == b"weights"
    assert len(told.artifacts["outputs/deep/er/part"]) == 3_000_000
    assert [one["state"] for one in told.ends] == ["Completed"]
    assert "error" not in told.ends[0]
    assert runner.state()["phase"] == "ended"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "import sys; print('oh'); sys.exit(3)",
            {
                "code": "UserError",
                "message": "User program failed with exit code 3; the last line of its log: oh",
                "exit_code": 3,
            },
        ),
        (
            "raise ValueError('bad rate')",
            {
                "code": "UserError",
                "message": "User program failed with ValueError: bad rate (exit code 1)",
                "exit_code": 1,
            },
        ),
        (
            "import os; os.kill(os.getpid(), 11)",
            {"code": "UserError", "message": "User program was ended by signal 11 (SIGSEGV).", "signal": 11},
        ),
        (
            "import os; os.kill(os.getpid(), 9)",
            {
                "code": "UserError",
                "message": "User program was ended by signal 9 (SIGKILL). Nobody here sent it; a machine that is short "
                "of memory does.",
                "signal": 9,
            },
        ),
    ],
)
def test_how_a_script_failed_is_told(
    runner: Runner, server: StandIn, text: str, error: dict[str, Any]
) -> None:
    server.told.definition = python(text)
    code = runner.work(server)
    assert server.told.ends[0]["state"] == "Failed"
    assert server.told.ends[0]["error"] == error
    assert code == error.get("exit_code", 128 + error.get("signal", 0))
    state = runner.state()
    assert (state["phase"], state["code"], state["exit_code"], state["signal"]) == (
        "ended",
        "UserError",
        error.get("exit_code"),
        error.get("signal"),
    )


@pytest.mark.parametrize(
    ("definition", "word"),
    [
        ({"script": "absent.py"}, "can't open file"),
        ({"command": ["no-such-program-here"]}, "no-such-program-here cannot be started"),
    ],
)
def test_what_cannot_be_started_is_named(
    runner: Runner, server: StandIn, definition: dict[str, Any], word: str
) -> None:
    server.told.definition = definition
    assert runner.work(server) != 0
    assert word in server.told.log() + server.told.ends[0]["error"]["message"]


def test_a_script_that_takes_too_long_is_ended(runner: Runner, server: StandIn) -> None:
    server.told.max_seconds = 0.5
    server.told.definition = python("import time; print('working', flush=True); time.sleep(100)")
    assert runner.work(server) == 1
    assert server.told.ends[0]["error"]["code"] == "TimeOut"
    assert "0.5 s" in server.told.ends[0]["error"]["message"]
    assert server.told.log() == "working\n"


def test_the_script_has_the_machines_variables_and_no_foreign_token(runner: Runner, server: StandIn) -> None:
    runner.variables.update(
        {
            "KEPT": "1",
            "RUNYARD_TOKEN": "ry_foreign",
            "MLFLOW_TRACKING_PASSWORD": "x",
            "AZUREML_RUN_TOKEN": "y",
        }
    )
    server.told.definition = {
        **python("import os, json; print(json.dumps(dict(os.environ)))"),
        "environment_variables": {"OWN": "2"},
        "environment": {"environmentVariables": {"OF_ENVIRONMENT": "3"}},
    }
    assert runner.work(server) == 0
    log = server.told.log()
    assert '"MLFLOW_DISABLE_TELEMETRY": "true"' in log
    for wanted in ('"KEPT": "1"', '"OWN": "2"', '"OF_ENVIRONMENT": "3"', f'"RUNYARD_TOKEN": "{TOKEN}"'):
        assert wanted in log
    assert f'"RUNYARD_RUN_ID": "{RUN}"' in log
    for absent in ("ry_foreign", "MLFLOW_TRACKING_PASSWORD", '"AZUREML_RUN_TOKEN": "y"'):
        assert absent not in log


def test_the_token_is_in_no_log_and_on_no_command_line(runner: Runner, server: StandIn) -> None:
    look = "import subprocess; print(subprocess.run(['ps', '-ww', '-A', '-o', 'args'], capture_output=True).stdout.decode())"
    server.told.definition = python(look)
    assert runner.work(server) == 0
    assert "runyard.runner" in server.told.log()
    assert TOKEN not in server.told.log() + runner.said
    assert (runner.job / "job.json").stat().st_mode & 0o077 == 0
    assert runner.job.stat().st_mode & 0o077 == 0


def test_threads_are_as_many_as_processors_were_asked_for(runner: Runner, server: StandIn) -> None:
    text = "import os; print(*(os.environ[f'{one}_NUM_THREADS'] for one in ('OMP', 'OPENBLAS', 'MKL')))"
    runner.variables["OMP_NUM_THREADS"] = "99"
    server.told.definition = {
        **python(text),
        "process_count": 2,
        "environment_variables": {"MKL_NUM_THREADS": "7"},
    }
    assert runner.work(server, cpus=8) == 0
    assert server.told.log() == "4 4 7\n"


def test_gpus_of_the_job_are_the_visible_ones(runner: Runner, server: StandIn) -> None:
    server.told.definition = python("import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    assert runner.work(server, gpus=[1, 3]) == 0
    assert server.told.log() == "1,3\n"
    assert runner.state()["gpus"] == [1, 3]


def test_a_code_is_exchanged_once_for_the_token(runner: Runner, server: StandIn) -> None:
    server.told.definition = python("print('ok')")
    assert runner.work(server, token="", code="secret-code") == 0
    assert TOKEN in (runner.job / "job.json").read_text()
    assert "secret-code" not in (runner.job / "job.json").read_text()


def test_while_another_attempt_is_alive_this_one_leaves(runner: Runner, server: StandIn) -> None:
    refusal = {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Another runner works on this job."}
    server.told.refusals["/begin"] = (400, refusal)
    assert runner.work(server) == 75
    assert not server.told.ends


def test_a_job_that_was_canceled_before_is_not_begun(runner: Runner, server: StandIn) -> None:
    server.told.cancel = True
    server.told.definition = python("print('never')")
    assert runner.work(server) == 143
    assert not server.told.logs
    assert runner.state()["code"] == "Canceled"


def test_a_token_that_is_not_known_is_believed(runner: Runner, server: StandIn) -> None:
    assert runner.work(server, token="ry_other") == 77
    assert runner.state()["phase"] == "ended"


def test_sources_that_cannot_be_had_fail_the_job(runner: Runner, server: StandIn) -> None:
    server.told.snapshot = b"not an archive"
    server.told.definition = python("print('never')")
    server.told.refusals["/archive"] = (
        404,
        {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No snapshot."},
    )
    assert runner.work(server) == 1
    assert server.told.ends[0]["error"]["code"] == "SnapshotError"
    assert "No snapshot." in server.told.ends[0]["error"]["message"]


def test_outputs_that_are_refused_fail_the_job(runner: Runner, server: StandIn) -> None:
    server.told.definition = python("open('outputs/a', 'w').write('x')")
    server.told.refusals["/outputs/a"] = (
        400,
        {"error_code": "INVALID_PARAMETER_VALUE", "message": "Not here."},
    )
    assert runner.work(server) != 0
    assert "outputs/a: Not here." in server.told.ends[0]["error"]["message"]


def test_links_in_outputs_are_left_out(runner: Runner, server: StandIn) -> None:
    server.told.definition = python(
        "import os; os.symlink('/etc/hosts', 'outputs/hosts'); os.symlink('/etc', 'outputs/etc'); open('outputs/a', 'w')"
    )
    assert runner.work(server) == 0
    assert set(server.told.artifacts) == {"outputs/a"}


def test_signals_have_their_usual_meaning_in_the_script(runner: Runner, server: StandIn) -> None:
    server.told.definition = python(
        "import signal; print([signal.getsignal(n).name for n in (signal.SIGTERM, signal.SIGHUP)])"
    )
    assert runner.work(server) == 0
    assert server.told.log() == f"{[signal.SIG_DFL.name, signal.SIG_DFL.name]}\n"


def test_more_files_below_logs_than_there_are_logs_are_uploaded(runner: Runner, server: StandIn) -> None:
    server.told.definition = python(
        "import os; os.mkdir('logs'); [open(f'logs/{n:03}', 'w').write(str(n)) for n in range(160)]"
    )
    assert runner.work(server) == 0
    sent = {name for name in server.told.logs if name.startswith("logs/")}
    assert len(sent) < 160
    assert sent | set(server.told.artifacts) == {f"logs/{number:03}" for number in range(160)}


DEFECT = """
from runyard.runner.outputs import Uploader

def upload(*_):
    raise RuntimeError("a defect")

Uploader.upload = upload
"""


@pytest.mark.parametrize(
    ("code", "error"), [("print(1)", "EngineError"), ("raise SystemExit(3)", "UserError")]
)
def test_a_defect_at_the_end_is_told_and_hides_no_failure_of_the_script(
    runner: Runner, server: StandIn, tmp_path: Path, code: str, error: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(DEFECT)
    runner.variables["PYTHONPATH"] += f":{tmp_path}"
    server.told.definition = python(code)
    assert runner.work(server) != 0
    (end,) = server.told.ends
    assert (end["state"], end["error"]["code"]) == ("Failed", error)
    assert "a defect" in runner.said and runner.state()["phase"] == "ended"
