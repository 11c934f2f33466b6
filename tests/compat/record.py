"""Record what a stock `mlflow server` answers to the tables of calls: `python -m tests.compat.record [GROUP ...]`.

Run by hand when a table changes; the files in `recorded/` are committed and replayed against our server.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from .calls import GROUPS
from .replay import replay
from .servers import running_server

RECORDED = Path(__file__).parent / "recorded"


def main(groups: list[str]) -> None:
    given = os.environ.get("RUNYARD_COMPAT_URL")
    if given:
        _record(given, groups)
        return
    with tempfile.TemporaryDirectory() as folder, running_server("stock", Path(folder)) as url:
        _record(url, groups)


def _record(url: str, groups: list[str]) -> None:
    for group in groups or GROUPS:
        answers = replay(url, GROUPS[group])
        text = json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True)
        (RECORDED / f"{group}.json").write_text(text + "\n")
        print(group, len(answers))


if __name__ == "__main__":
    main(sys.argv[1:])
