"""From the files of a run to a registered model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.exceptions import ModelPathNotFoundException
from runyard.sdk.model import Model
from runyard.sdk.model_datasets import used_datasets
from runyard.sdk.model_record import checked_name, tag_list
from runyard.sdk.run_files import RunFiles


class RunModels(RunFiles):
    """Registers what a run has made."""

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: Sequence[tuple[str, DatasetBase]] | None = None,
        sample_input_dataset: DatasetBase | None = None,
        sample_output_dataset: DatasetBase | None = None,
        resource_configuration: object = None,
        **kwargs: Any,
    ) -> Model:
        """Register a file or folder of the run as the next version of a name.

        Args:
            model_path: its path within the run; the model's name by default.
            datasets: (scenario, dataset) pairs: what it was trained with.
            resource_configuration, kwargs: kept for scripts that give them.
        Raises: ModelPathNotFoundException when the run has nothing at that path.
        """
        name = checked_name(model_name)
        path = (model_path or model_name).replace("\\", "/").removeprefix("./").strip("/")
        files = self.get_file_names()
        if not any(one == path or one.startswith(f"{path}/") for one in files):
            raise ModelPathNotFoundException(
                f"Could not locate the provided model_path {path} in the set of files uploaded to the run: "
                f"{files[:50]}. Upload it first: run.upload_file(name, path)."
            )
        used = used_datasets(datasets, sample_input_dataset, sample_output_dataset)
        every = tag_list(tags, properties, model_framework, model_framework_version, used)
        source = f"{str(self._info['artifact_uri']).rstrip('/')}/{path}"
        return Model.register_source(
            self.experiment.workspace, name, source, every, description, run_id=self.id
        )
