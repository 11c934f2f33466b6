"""What the sender costs beside the training: a fresh process of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from runyard.client.journal.folder import JournalFolder
from runyard.client.journal.link import BOOT, command_line

HEAVY = {
    "requests",
    "urllib3",
    "rich",
    "click",
    "mlflow",
    "numpy",
    "asyncio",
    "uvicorn",
    "starlette",
    "sqlite3",
}
START_S = 0.25  # CPU; 0.11 on a machine that does nothing else
MEMORY_MIB = 40
REPORT = """import json, time
size = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps({"modules": sorted({name.partition('.')[0] for name in sys.modules}), "cpu_s": time.process_time(),
    "mib": int(size) / 1024}))"""


def fresh(tmp_path: Path) -> dict[str, object]:
    """A sender that has loaded everything and sends nothing."""
    command = command_line(JournalFolder(tmp_path))
    at = command.index(BOOT)
    command[at] = BOOT.replace("os.fork() and os._exit(0)\n", "").replace("\nmain()", f"\n{REPORT}")
    found: dict[str, object] = json.loads(subprocess.check_output(command))
    return found


def test_the_sender_is_light(tmp_path: Path) -> None:
    """CPU time, best of three: other work on the machine does not count."""
    found = [fresh(tmp_path) for _ in range(3)]
    assert not HEAVY & set(found[0]["modules"])  # type: ignore[call-overload]
    assert min(float(str(one["cpu_s"])) for one in found) < START_S
    assert max(float(str(one["mib"])) for one in found) < MEMORY_MIB
