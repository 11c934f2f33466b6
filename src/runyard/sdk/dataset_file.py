"""Datasets of files as they are."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from runyard.client.files import Progress
from runyard.entities.dataset import DatasetDefinition
from runyard.sdk.data_sources import PathLike, Source, parse_paths
from runyard.sdk.dataset_base import DatasetBase, NamedInput
from runyard.sdk.datastore import inside
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.transfers import Job, run_all


class FileDataset(DatasetBase):
    """Files, by path or pattern. Their names leave out the folder that all matches of a path lie in."""

    kind = "file"

    @classmethod
    def from_files(cls, path: PathLike | Sequence[PathLike], validate: bool = True) -> Self:
        """A dataset of files.

        Args:
            path: a file or folder of this machine, a URL, (datastore, 'images/**/*.jpg'), datastore.path('…'), or a
                list of them. `*` and `?` stay within a component, `**` crosses them; a folder means all in it.
            validate: look whether each path has files.
        """
        paths, workspace = parse_paths(path)
        made = cls(DatasetDefinition(paths), workspace)
        if validate:
            made._sources()
        return made

    def to_path(self) -> list[str]:
        """The names of the files."""
        return [one.name for one in self._sources()]

    def download(
        self, target_path: str | Path | None = None, overwrite: bool = False, show_progress: bool = True
    ) -> list[str]:
        """Download the files.

        Args:
            target_path: a folder; by default a new temporary one.
            overwrite: replace files that are there.
        Returns: where they are.
        Raises: UserErrorException when a file is there and overwrite is not set; nothing was downloaded then.
        """
        root = Path(tempfile.mkdtemp(prefix="runyard-data-") if target_path is None else target_path)
        root = root.expanduser()
        found = [(one, inside(root, one.name)) for one in self._sources()]
        taken = [str(target) for _, target in found if target.exists()]
        if taken and not overwrite:
            raise UserErrorException(f"{taken[0]} exists already. Pass overwrite=True to replace it.")
        jobs = [Job(one.size, _fetching(one, target)) for one, target in found]
        run_all(f"Downloading {len(jobs)} files", jobs, show_progress=show_progress)
        return [str(target) for _, target in found]

    def as_mount(self, path_on_compute: str | None = None) -> NamedInput:
        """The files as an input of a job, mounted where it runs; `as_named_input` gives it a name of your own."""
        return self.as_named_input(self._input_name()).as_mount(path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> NamedInput:
        """The files as an input of a job, downloaded before it starts."""
        return self.as_named_input(self._input_name()).as_download(path_on_compute)

    def _input_name(self) -> str:
        """As Azure ML makes one."""
        return f"input__{(self.id or uuid.uuid4().hex).replace('-', '')[:8]}"

    def mount(self, mount_point: str | Path | None = None) -> MountContext:
        """The files below a folder for as long as a block runs.

            with dataset.mount() as mounted:
                os.listdir(mounted.mount_point)

        The files are downloaded when the block begins, and a folder that was made for them is removed at its end; what
        is changed there changes nothing in the dataset.
        """
        return MountContext(self, mount_point)


class MountContext:
    """A dataset's files below `mount_point`, from start to stop."""

    def __init__(self, dataset: FileDataset, mount_point: str | Path | None) -> None:
        self._dataset = dataset
        self._own = mount_point is None
        self.mount_point = str(
            tempfile.mkdtemp(prefix="runyard-data-") if mount_point is None else Path(mount_point)
        )

    def start(self) -> None:
        """Download the files."""
        self._dataset.download(self.mount_point, overwrite=True, show_progress=False)

    def stop(self) -> None:
        """Remove the folder, if it was made for them."""
        if self._own:
            shutil.rmtree(self.mount_point, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _fetching(source: Source, target: Path) -> Callable[[Progress], object]:
    def work(told: Progress) -> None:
        source.fetch(target, told)

    return work
