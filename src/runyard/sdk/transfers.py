"""Many files up or down: some at a time, with one bar for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from runyard.client.files import Progress
from runyard.sdk.progress import transfer

AT_ONCE = 4


class Job(NamedTuple):
    """One file: what is done with it, given what to tell the progress to."""

    size: int | None
    work: Callable[[Progress], object]


def run_all(title: str, jobs: Sequence[Job], *, show_progress: bool) -> None:
    """Do all jobs; the first failure is raised after those under way have ended, and the others are not begun."""
    sizes = [job.size for job in jobs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    lock, done = threading.Lock(), [0] * len(jobs)

    def drive(report: Progress | None) -> None:
        def one(number: int) -> None:
            def told(so_far: int, size: int | None) -> None:
                if report is not None:
                    with lock:
                        done[number] = so_far
                        report(sum(done), total)

            jobs[number].work(told)

        with ThreadPoolExecutor(min(AT_ONCE, max(1, len(jobs)))) as pool:
            futures = [pool.submit(one, number) for number in range(len(jobs))]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                for future in futures:
                    future.cancel()
                raise

    if show_progress:
        with transfer(title, total) as report:
            drive(report)
    else:
        drive(None)
