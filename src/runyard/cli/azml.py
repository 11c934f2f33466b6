"""`azml`: the same commands under the name and with the defaults of Azure ML's CLI v1, for scripts that use it.

Azure's spellings of options (`--workspace-name`, `--experiment-name`, `--subscription-id`) work in both.
"""

from __future__ import annotations

from runyard.cli.framework.lazy import Lazy
from runyard.cli.framework.root import root
from runyard.cli.main import COMMANDS

GROUPS = ("workspace", "folder", "experiment", "run", "environment", "datastore", "dataset", "model")
COMPUTE = Lazy("runyard.cli.computetarget", "computetarget", "Compute targets: named places that run jobs.")

main = root(
    "azml",
    {**{name: COMMANDS[name] for name in GROUPS}, "computetarget": COMPUTE},
    "Runyard under the name of Azure ML's CLI v1; its output is JSON unless -o says otherwise. "
    "`runyard` has the same commands and more.",
)
