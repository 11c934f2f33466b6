"""What environments ask for, and how it is said to another installer."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.runner.environments import conda_names, indexes
from runyard.runner.environments.interpreters import Interpreter, choose
from runyard.runner.environments.locks import pinned, without
from runyard.runner.environments.prepared import EnvironmentFailed
from runyard.runner.environments.wanted import CondaSpec, Wanted, read_spec, read_wanted

HAVE = [
    Interpreter("/a", (3, 8, 18)),
    Interpreter("/b", (3, 11, 7)),
    Interpreter("/c", (3, 14, 0)),
    Interpreter("/d", (3, 10, 13)),
]


def wanted(*dependencies: Any, **more: Any) -> Wanted:
    """Of a definition with these dependencies."""
    return read_wanted({"python": {"condaDependencies": {"dependencies": list(dependencies), **more}}})


def test_a_definition_is_read() -> None:
    found = wanted("python=3.8", "pip", "numpy>=1.18,<2", {"pip": ["scikit-learn==1.3 ", "# note", ""]})
    assert (found.python, found.pip) == ("=3.8", ["scikit-learn==1.3"])
    assert found.conda == [CondaSpec("numpy", ">=1.18,<2", "numpy>=1.18,<2")]
    assert not found.is_local


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("numpy", "numpy", ""),
        ("Numpy=1.18", "numpy", "=1.18"),
        ("numpy==1.18.1", "numpy", "==1.18.1"),
        ("numpy =1.18.1=py37_0", "numpy", "=1.18.1"),
        ("numpy 1.18.1 py37_0", "numpy", "==1.18.1"),
        ("conda-forge::numpy >= 1.18, <2  # note", "numpy", ">=1.18,<2"),
        ("conda-forge/linux-64::numpy=1.18", "numpy", "=1.18"),
        ("ruamel.yaml", "ruamel.yaml", ""),
    ],
)
def test_packages_of_conda_are_read(text: str, name: str, version: str) -> None:
    found = read_spec(text)
    assert (found.name, found.version) == (name, version)


@pytest.mark.parametrize("text", ["", "=1.2", "../x", "@scope/name"])
def test_what_is_no_package_of_conda_is_refused(text: str) -> None:
    with pytest.raises(EnvironmentFailed, match="no conda package"):
        read_spec(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("numpy", "numpy"),
        ("numpy=1.18", "numpy==1.18.*"),
        ("numpy=1.18.*", "numpy==1.18.*"),
        ("numpy==1.18.1", "numpy==1.18.1"),
        ("pytorch>=1.9,<2", "torch>=1.9,<2"),
        ("scikit-learn=0.22.1=py37hd81dba3_0", "scikit-learn==0.22.1.*"),
        ("py-opencv", "opencv-python-headless"),
        ("typing_extensions!=4.0", "typing_extensions!=4.0"),
        ("pandas *", "pandas"),
        ("pandas>=1.0.*", "pandas>=1.0"),
    ],
)
def test_known_packages_come_from_the_index(text: str, line: str) -> None:
    assert conda_names.requirements([read_spec(text)]) == ([line], [])


def test_what_condas_builds_need_is_left_out() -> None:
    found = conda_names.requirements([read_spec("cudatoolkit=10.1"), read_spec("pytorch")])
    assert found == (["torch"], ["cudatoolkit"])


def test_unknown_packages_are_named_with_the_ways_out() -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"xgboost-lib=1, r-base cannot be taken .* pip_packages .* micromamba"
    ):
        conda_names.requirements([read_spec("xgboost-lib=1"), read_spec("numpy"), read_spec("r-base")])


def test_a_version_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(EnvironmentFailed, match=r"numpy=1.2\|=1.3"):
        conda_names.requirements([read_spec("numpy=1.2|=1.3")])


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("=3.8", "3.8.18"),
        ("3.8", "3.8.18"),
        ("=3.8.5", "3.8.18"),
        ("==3.11.7", "3.11.7"),
        (">=3.9,<3.11", "3.10.13"),
        ("~=3.10.2", "3.10.13"),
        (">3.11", "3.14.0"),
        ("=3.10.*", "3.10.13"),
        ("", "3.8.18"),
    ],
)
def test_a_python_is_chosen(wish: str, found: str) -> None:
    assert choose(wish, HAVE)[0].text == found


def test_without_a_wish_the_first_that_packages_know_is_taken() -> None:
    assert [one.text for one in choose("", HAVE, (3, 11))] == ["3.11.7"]
    assert [one.text for one in choose("", HAVE, (3, 12))] == ["3.14.0"]


@pytest.mark.parametrize("wish", ["=3.6.2", "=3.7", ">=3.15", "=2.7"])
def test_a_python_that_is_not_there_is_told_with_those_that_are(wish: str) -> None:
    with pytest.raises(EnvironmentFailed, match=r"has 3.8.18, 3.10.13, 3.11.7, 3.14.0. .*python_version="):
        choose(wish, HAVE)


def test_a_python_that_is_too_old_for_the_packages_is_told() -> None:
    with pytest.raises(EnvironmentFailed, match=r"3.8, but azureml-core needs 3.11 or newer"):
        choose("=3.8", HAVE, (3, 11), "azureml-core")


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("-r requirements.txt", True),
        ("./lib", True),
        ("wheels/a.whl", True),
        ("-e .", True),
        ("a @ file:///x/a.whl", True),
        ("-r https://example.org/r.txt", False),
        ("a @ https://example.org/a.whl", False),
        ("--extra-index-url https://example.org/simple", False),
        ("numpy>=1", False),
    ],
)
def test_files_of_the_sources_are_noticed(line: str, local: bool) -> None:
    assert wanted({"pip": [line]}).is_local is local


def test_a_base_environment_of_conda_is_refused_with_the_way_out() -> None:
    with pytest.raises(EnvironmentFailed, match="user_managed_dependencies"):
        read_wanted({"python": {"baseCondaEnvironment": "base"}})


def test_settings_for_pip_count_for_uv() -> None:
    machine = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://mirror/simple",
        "PIP_EXTRA_INDEX_URL": "https://a/simple https://b/simple",
        "PIP_TRUSTED_HOST": "mirror",
    }
    found = indexes.for_uv(machine, "https://server", "secret", own=True)
    assert found["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert found["UV_INDEX"] == "runyard=https://server/simple/ https://a/simple https://b/simple"
    assert (found["UV_INDEX_STRATEGY"], found["UV_INSECURE_HOST"]) == ("unsafe-best-match", "mirror")
    assert (found["UV_INDEX_RUNYARD_USERNAME"], found["UV_INDEX_RUNYARD_PASSWORD"]) == ("job", "secret")


def test_settings_for_uv_count_more() -> None:
    machine = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://no",
        "PIP_EXTRA_INDEX_URL": "https://no",
        "UV_DEFAULT_INDEX": "https://yes",
        "UV_INDEX": "https://also",
    }
    found = indexes.for_uv(machine, "https://server", "secret", own=False)
    assert (found["UV_DEFAULT_INDEX"], found["UV_INDEX"]) == ("https://yes", "https://also")
    assert "UV_INDEX_STRATEGY" not in found


def test_locks_lose_packages_and_hashes() -> None:
    text = "a==1 \\\n    --hash=sha256:1\nAzureML.core==2 \\\n    --hash=sha256:2\nb==3 \\\n    --hash=sha256:3\n"
    assert without(text, ["azureml-core"]) == "a==1 \\\n    --hash=sha256:1\nb==3 \\\n    --hash=sha256:3\n"
    assert pinned(text) == ["a==1", "AzureML.core==2", "b==3"]


def test_locks_choose_versions_and_nothing_else() -> None:
    """They may be of anybody who may submit."""
    plain = ["a==1.0", "b==2!3.0.post1+local ; python_version >= '3.8'", "c-d_e==4"]
    told = [plain[0], f"{plain[1]} \\", "    --hash=sha256:1", "c-d_e[x, y] == 4 --hash=sha256:2"]
    hostile = (
        *("--index-url http://evil", "-r /etc/passwd", "-e .", "a @ http://evil/a.whl", "./a", "a", "a>=1"),
        *("a==1 @ http://evil", "a==1 --index-url=http://evil", "a==", "==1", "a==1\\", "# a==1", "a==*"),
    )
    assert pinned("\n".join([*hostile[:11], *told, *hostile[12:]])) == [
        plain[0],
        "b==2!3.0.post1+local; python_version >= '3.8'",
        plain[2],
    ]
