"""Artifacts up and down."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.run import Run
from tests.api.live_server import Client


def test_a_file_goes_up_and_down(run: Run, place: Path) -> None:
    (place / "f.bin").write_bytes(bytes(range(256)) * 1_000)
    made = run.upload_file("outputs/ünï code/f 1%.bin", "f.bin")
    assert made.address == f"aml://artifactId/ExperimentRun/dcid.{run.id}/outputs/ünï code/f 1%.bin"
    assert run.get_file_names() == ["outputs/ünï code/f 1%.bin"]
    run.download_file("outputs/ünï code/f 1%.bin")
    assert (place / "f 1%.bin").read_bytes() == (place / "f.bin").read_bytes()
    (place / "folder").mkdir()
    run.download_file(made.name, "folder")
    run.download_file(made.name, "new/deep/g.bin")
    assert (
        (place / "folder" / "f 1%.bin").stat().st_size == (place / "new/deep/g.bin").stat().st_size == 256_000
    )


def test_streams_go_up(run: Run, place: Path) -> None:
    run.upload_file("bytes", io.BytesIO(b"\xff\x00"))
    run.upload_file("text", io.StringIO("ü"))
    run.upload_file("empty", io.BytesIO())
    for name, content in (("bytes", b"\xff\x00"), ("text", "ü".encode()), ("empty", b"")):
        run.download_file(name)
        assert (place / name).read_bytes() == content


def test_a_name_that_is_taken_is_refused(run: Run) -> None:
    run.upload_file("a/b", io.BytesIO(b"1"))
    with pytest.raises(
        UserErrorException, match=rf"Resource Conflict: ArtifactId ExperimentRun/dcid\.{run.id}/a/b"
    ):
        run.upload_file("a/b", io.BytesIO(b"2"))


@pytest.mark.parametrize("name", ["", "/a", "..", "a/../../b", "a\0", "."])
def test_a_path_that_leads_elsewhere_is_refused(run: Run, name: str) -> None:
    with pytest.raises(UserErrorException, match="no path within a run"):
        run.upload_file(name, io.BytesIO(b""))
    with pytest.raises(UserErrorException, match="no path within a run"):
        run.download_file(name)


def test_files_that_are_not_there(run: Run, place: Path) -> None:
    with pytest.raises(UserErrorException, match=r"absent\.txt cannot be read"):
        run.upload_file("a", "absent.txt")
    run.upload_file("there", io.BytesIO(b""))
    with pytest.raises(UserErrorException, match=r"absent was not found in run .* Available files: there"):
        run.download_file("absent")
    assert not (place / "absent").exists()


def test_several_files_and_folders(run: Run, place: Path) -> None:
    for name in ("d/a", "d/e/b", "c"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    assert run.upload_files(["x", "y/z"], ["c", "d/a"]) is None
    made = run.upload_files(["w"], ["c"], return_artifacts=True)
    assert made is not None and made["w"].name == "w"
    assert sorted(run.upload_folder("up", "d")) == ["up/a", "up/e/b"]
    assert run.get_file_names() == ["up/a", "up/e/b", "w", "x", "y/z"]
    with pytest.raises(UserErrorException, match="one name for each path"):
        run.upload_files(["a"], [])
    with pytest.raises(UserErrorException, match="needs a folder"):
        run.upload_folder("up", "c")


def files_below(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_several_files_come_down(run: Run, place: Path) -> None:
    for name in ("outputs/a", "outputs/d/b", "other"):
        run.upload_file(name, io.BytesIO(name.encode()))
    run.download_files(output_directory="all")
    assert files_below(place / "all") == ["other", "outputs/a", "outputs/d/b"]
    run.download_files(prefix="outputs", output_directory="bare", append_prefix=False)
    assert files_below(place / "bare") == ["a", "d/b"]
    run.download_files(prefix="outputs/", output_paths=["1", "2"])
    assert (place / "2").read_text() == "outputs/d/b"
    with pytest.raises(UserErrorException, match="output_paths"):
        run.download_files(output_paths=["1"])


def test_many_files_are_all_listed(run: Run, server: Client) -> None:
    root = server.ok("GET", "runs/get", run_id=run.id)["run"]["info"]["artifact_uri"].partition(":/")[2]
    for number in range(120):
        path = f"/api/2.0/mlflow-artifacts/artifacts/{root}/many/{number:03}"
        assert server.send("PUT", path, b"x").status == 200
    assert len(run.get_file_names()) == 120
