"""The script for sbatch: pure, printable, without secrets."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from runyard.engines.contracts import EngineRefused
from runyard.engines.slurm.script import check_settings, sbatch_script
from runyard.entities.compute_settings import SlurmSettings
from runyard.entities.job import MAX_SECONDS, Resources
from tests.engines.tickets import CODE, TOKEN, ticket

PLAIN = SlurmSettings()
RUNNER = "../../runner-abc.pyz"


def options(script: str) -> list[str]:
    return [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH ")]


def test_a_plain_job_starts_one_runner_on_one_node() -> None:
    script = sbatch_script(ticket(), PLAIN, RUNNER)
    assert options(script)[0] == "--job-name=runyard-train_1"
    assert "--nodes=1" in options(script) and "--ntasks-per-node=1" in options(script)
    assert "python3 -I ../../runner-abc.pyz work job.json" in script
    assert not any(line.startswith(("--gres", "--mem", "--cpus", "--partition")) for line in options(script))


def test_no_secret_is_in_the_script() -> None:
    script = sbatch_script(ticket(), PLAIN, RUNNER)
    assert TOKEN not in script and CODE not in script


def test_only_named_variables_of_the_submitter_reach_the_job() -> None:
    (export,) = [
        one for one in options(sbatch_script(ticket(), PLAIN, RUNNER)) if one.startswith("--export=")
    ]
    names = export.removeprefix("--export=").split(",")
    assert "PATH" in names and "ALL" not in names
    assert not any("RUNYARD" in name or "AWS" in name for name in names)


def test_resources_become_options_per_node() -> None:
    needs = Resources(cpus=4, memory_mb=8000, gpus=2)
    script = sbatch_script(ticket(resources=needs, node_count=3), PLAIN, RUNNER)
    assert {"--cpus-per-task=4", "--mem=8000M", "--gres=gpu:2", "--nodes=3"} <= set(options(script))
    assert "srun" in script and "--ntasks=3" in script and "--cpus-per-task=4 python3" in script


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(1, "--time=6"), (60, "--time=6"), (61, "--time=7"), (3600, "--time=65")]
)
def test_the_time_limit_is_somewhat_above_the_runner_s(seconds: int, minutes: str) -> None:
    assert minutes in options(sbatch_script(ticket(max_seconds=seconds), PLAIN, RUNNER))


def test_who_names_no_duration_gets_the_partition_s() -> None:
    script = sbatch_script(ticket(max_seconds=MAX_SECONDS), PLAIN, RUNNER)
    assert not any(one.startswith("--time") for one in options(script))


def test_settings_and_options_of_the_size_choose_where_it_goes() -> None:
    settings = SlurmSettings(
        partition="cpu", account="lab", qos="high", sbatch=["--exclusive", "--comment=a b"]
    )
    chosen = options(
        sbatch_script(ticket(options={"partition": "gpu", "gres": "gpu:a100:2"}), settings, RUNNER)
    )
    assert {"--partition=gpu", "--gres=gpu:a100:2", "--account=lab", "--qos=high"} <= set(chosen)
    assert "--partition=cpu" not in chosen
    assert chosen[-2:] == ["--exclusive", "--comment=a b"], (
        "the target's own options override what stands before"
    )


def test_modules_are_loaded_in_a_login_shell() -> None:
    lines = sbatch_script(ticket(), SlurmSettings(modules=["python/3.11", "cuda"]), RUNNER).splitlines()
    assert lines[0] == "#!/bin/bash -l"
    assert "module load python/3.11 cuda || exit 1" in lines


def test_a_python_below_the_home_folder_is_found_where_it_runs() -> None:
    script = sbatch_script(ticket(), SlurmSettings(python="~/my envs/bin/python"), RUNNER)
    assert """"$HOME"/'my envs/bin/python' -I""" in script


@pytest.mark.parametrize(
    "changes",
    [
        {"partition": "a\n#SBATCH --uid=0"},
        {"partition": "a b"},
        {"account": "$(id)"},
        {"qos": "`id`"},
        {"modules": ["x;'y"]},
        {"modules": ["a\nb"]},
        {"sbatch": ["exclusive"]},
        {"sbatch": ["--comment=x\nrm -rf /"]},
    ],
)
def test_settings_cannot_add_lines(changes: dict[str, object]) -> None:
    with pytest.raises(EngineRefused):
        check_settings(msgspec.structs.replace(PLAIN, **changes))


@pytest.mark.parametrize("run_id", ["", "../x", "a b", "a\nb", "-x", "a" * 300, "a,b", "$(id)"])
def test_a_run_id_that_is_no_name_is_refused(run_id: str) -> None:
    with pytest.raises(EngineRefused, match="cannot be the name"):
        sbatch_script(ticket(run_id), PLAIN, RUNNER)


@pytest.mark.parametrize(
    "options", [{"Partition": "x"}, {"a b": "x"}, {"wrap": "a b"}, {"partition": "x\ny"}]
)
def test_options_of_a_size_are_checked(options: dict[str, str]) -> None:
    with pytest.raises(EngineRefused, match=r"[Oo]ption"):
        sbatch_script(ticket(options=options), PLAIN, RUNNER)


def test_the_shell_understands_it() -> None:
    script = sbatch_script(ticket(resources=Resources(1, 2, 3), node_count=2), PLAIN, RUNNER)
    assert subprocess.run(["sh", "-n"], input=script.encode(), check=False).returncode == 0
