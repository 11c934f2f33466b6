"""The genuine Azure ML SDK is noticed by what its distributions leave on disk."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from runyard.client.azureml_names import MixedInstallation, check, foreign
from runyard.version import AZUREML_VERSION


def install(folder: Path, name: str, version: str, files: str = "", top_level: str = "") -> None:
    """What an installer leaves of a distribution."""
    home = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    home.mkdir(parents=True)
    (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (home / "RECORD").write_text("".join(f"{file},,\n" for file in files.split()))
    if top_level:
        (home / "top_level.txt").write_text(f"{top_level}\n")


def namespace(file: str | None = None) -> ModuleType:
    made = ModuleType("azureml")
    made.__file__ = file
    return made


@pytest.mark.parametrize(
    ("name", "version", "files", "top_level"),
    [
        ("azureml-core", "1.57.0", "azureml/core/__init__.py", "azureml"),
        ("azureml-core", "1.0.85", "", ""),
        ("azureml-mlflow", "1.62.0.post1", "azureml/mlflow/__init__.py", ""),
        ("azureml-train-core", "1.57.0", "azureml/train/__init__.py", ""),
        ("azureml_pipeline_core", "1.57.0", "", "azureml"),
        ("azureml-sdk", "1.57.0", "", ""),
    ],
)
def test_genuine_distribution_is_named_with_the_way_out(
    tmp_path: Path, name: str, version: str, files: str, top_level: str
) -> None:
    install(tmp_path, "azureml-core" if name != "azureml-core" else "azureml-mlflow", AZUREML_VERSION)
    install(tmp_path, name, version, files, top_level)
    with pytest.raises(MixedInstallation) as caught:
        check(namespace(), [str(tmp_path)])
    assert f"{name.replace('_', '-')} {version}. Make a new environment" in str(caught.value)
    assert isinstance(caught.value, ImportError)


def test_ours_alone_are_no_mixture(tmp_path: Path) -> None:
    for name in ("azureml-core", "azureml-mlflow", "azureml-contrib-run"):
        install(tmp_path, name, AZUREML_VERSION, "azureml/core/__init__.py", "azureml")
    check(namespace(), [str(tmp_path)])


def test_distributions_of_other_packages_do_not_matter(tmp_path: Path) -> None:
    install(tmp_path, "azureml-inference-server-http", "1.3.0", "azureml_inference_server_http/x.py")
    install(tmp_path, "azure-core", "1.30.0", "azure/core/__init__.py", "azure")
    check(namespace(), [str(tmp_path)])


def test_file_that_none_of_ours_has_is_a_mixture(tmp_path: Path) -> None:
    with pytest.raises(MixedInstallation, match="the file /x/azureml/__init__.py"):
        check(namespace("/x/azureml/__init__.py"), [str(tmp_path)])


def test_every_folder_of_the_path_is_looked_at(tmp_path: Path) -> None:
    install(tmp_path / "one", "azureml-core", AZUREML_VERSION)
    install(tmp_path / "two", "azureml-core", "1.57.0")
    path = [str(tmp_path / name) for name in ("one", "absent", "two")]
    assert list(foreign([*path, str(tmp_path / "archive.zip")])) == ["azureml-core 1.57.0"]


def test_description_without_metadata_counts_by_its_files(tmp_path: Path) -> None:
    home = tmp_path / "azureml_old-1.0.egg-info"
    home.mkdir()
    (home / "PKG-INFO").write_text("Name: azureml-old\nVersion: 1.0\n")
    (home / "top_level.txt").write_text("azureml\n")
    assert list(foreign([str(tmp_path)])) == ["azureml-old 1.0"]
