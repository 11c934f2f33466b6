"""Conda's and pip's files as an environment's definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard.client.conda_files import conda_file, definition_of, requirements_file
from runyard.errors import InvalidInput


def test_a_conda_file_is_read_with_its_parts_in_their_places(tmp_path: Path) -> None:
    file = tmp_path / "conda.yml"
    file.write_text(
        "name: mine\ndependencies:\n- python=3.11\n- pip:\n  - numpy==2.1\n- scikit-learn\n- pip: [mlflow]\n"
    )
    assert conda_file(file) == {
        "name": "mine",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "scikit-learn", {"pip": ["numpy==2.1", "mlflow"]}],
    }


def test_a_requirements_file_includes_others_and_keeps_options(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("numpy==2.1 \\\n  --hash=sha256:00\n")
    file = tmp_path / "requirements.txt"
    file.write_text("# mine\n-r base.txt\n--extra-index-url http://x/simple # ours\nmlflow#egg\n\n")
    lines = ["numpy==2.1 --hash=sha256:00", "--extra-index-url http://x/simple", "mlflow#egg"]
    assert requirements_file(file) == lines
    (pip,) = definition_of(file)["python"]["condaDependencies"]["dependencies"]
    assert pip == {"pip": lines}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.yml", "- a\n", "no conda environment"),
        ("a.yml", "dependencies: x\n", "is no list"),
        ("a.yml", "dependencies:\n- conda: [x]\n", "neither a package"),
        ("a.txt", "-r a.txt\n", "includes itself"),
        ("a.txt", "-r gone.txt\n", "gone.txt cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=why):
        definition_of(tmp_path / name)
