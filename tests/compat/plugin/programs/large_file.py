"""Uploads a file that goes past the server in parts, and fetches it again."""

import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

release = mlflow.__version__
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(6 << 20)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 << 20)
os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(5 << 20)
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
content = os.urandom(12 << 20)
with tempfile.TemporaryDirectory() as folder:
    source = Path(folder) / "a large file.bin"
    source.write_bytes(content)
    with mlflow.start_run(experiment_id="0") as run:
        mlflow.log_artifact(str(source), "deep")
    repository = get_artifact_repository(run.info.artifact_uri)
    [found] = repository.list_artifacts("deep")
    assert found.file_size == len(content), found
    back = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=found.path, dst_path=folder
    )
    assert Path(back).read_bytes() == content
    # Giving up works too.
    made = repository.create_multipart_upload(str(source), 2, "deep")
    repository.abort_multipart_upload(str(source), made.upload_id, "deep")
    if release.startswith("3"):
        assert repository._get_presigned_download_url(found.path).url.startswith(sys.argv[1])
print("done")
