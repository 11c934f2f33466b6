"""Puts compat/azureml into the installation, from where the server makes wheels of it, and builds Studio's page; the
rest is in pyproject.toml."""

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

AZUREML = Path("compat", "azureml")
STUDIO = Path("studio")
PAGE = Path("src", "runyard", "server", "static", "index.html")


class BuildWhole(build_py):
    """Copies the sources of Azure ML's names into runyard/compat/azureml, and Studio into runyard/server/static."""

    def run(self) -> None:
        if not self.editable_mode and not PAGE.exists():
            build_studio()
        super().run()
        if self.editable_mode:
            return
        for pattern in ("*.py", "pyproject.toml"):
            for source in AZUREML.rglob(pattern):
                target = Path(self.build_lib, "runyard", source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


def build_studio() -> None:
    """Builds the web page with npm. Without npm all but the page is installed, and the server says how to get it."""
    npm = shutil.which("npm")
    if npm is None or not STUDIO.is_dir():
        print("warning: Studio is not built: that needs Node.js >= 20.19 with npm", file=sys.stderr)
        return
    for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([npm, *words], cwd=STUDIO, check=True)


setup(cmdclass={"build_py": BuildWhole})
