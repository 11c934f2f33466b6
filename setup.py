"""Puts compat/azureml into the installation, from where the server makes wheels of it; the rest is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

AZUREML = Path("compat", "azureml")


class BuildWithAzureml(build_py):
    """Copies the sources of Azure ML's names into runyard/compat/azureml."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for pattern in ("*.py", "pyproject.toml"):
            for source in AZUREML.rglob(pattern):
                target = Path(self.build_lib, "runyard", source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithAzureml})
