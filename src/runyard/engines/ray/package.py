"""The zip that Ray unpacks where a job begins: the runner, and what starts it on one node or several."""

from __future__ import annotations

import hashlib
import io
import zipfile
from importlib import resources

RUNNER, DRIVER, NODES = "runner.pyz", "runyard_driver.py", "runyard_nodes.py"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same content is the same package


def package(runner: bytes) -> tuple[str, bytes]:
    """Its name at Ray and its content.

    Args:
        runner: of engines/bundle.py.
    """
    own = resources.files(__package__)
    files = {
        RUNNER: runner,
        DRIVER: own.joinpath("driver.py").read_bytes(),
        NODES: own.joinpath("nodes.py").read_bytes(),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    content = made.getvalue()
    return f"_ray_pkg_{hashlib.sha256(content).hexdigest()[:32]}.zip", content
