"""Runyard's Run."""

from runyard.sdk.offline_run import OfflineRun
from runyard.sdk.run import Run, get_run

__all__ = ["Run", "get_run"]

_OfflineRun = OfflineRun  # scripts ask `isinstance(run, _OfflineRun)`
