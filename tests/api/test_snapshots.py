"""/api/v1/snapshots: what a run takes along, what comes back, what is refused, and when it goes."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from runyard.server.composition import sources
from runyard.server.settings import Settings
from runyard.server.storage import DATABASE_FILE
from tests.api.live_server import UNKNOWN_RUN, Answer, Client, live_server
from tests.api.people import People
from tests.contract.store.test_snapshots import JOB

V1 = "/api/v1"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
FILES = {"train.py": b"print('hello')\n", "lib/util.py": b"", "lib/data ü.bin": bytes(range(256)) * 1_000}
BYTES, COUNT = 1_000_000, 50
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    """It takes small snapshots, and looks all the time which are of use; those of less than a second stay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CLEAN_EVERY_S", 0.1)
        patch.setattr(sources, "SNAPSHOT_GRACE_MS", 1_000)
        patch.setattr(sources, "SNAPSHOT_RECHECK_MS", 0)
        settings = Settings(data=str(directory), snapshot_bytes=BYTES, snapshot_files=COUNT)
        with live_server(directory, settings) as client:
            yield client


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(path: str, content: bytes, **more: Any) -> dict[str, Any]:
    return {"path": path, "sha256": sha256(content), "size": len(content), **more}


def put(client: Client, content: bytes, name: str = "") -> Answer:
    return client.send("PUT", f"{V1}/snapshot-blobs/{name or sha256(content)}", content)


def keep(client: Client, files: Mapping[str, bytes]) -> str:
    """Send what is missing; the id."""
    by_hash = {sha256(content): content for content in files.values()}
    manifest = [entry(path, content, executable=path.endswith(".py")) for path, content in files.items()]
    for missing in client.ok("POST", f"{V1}/snapshots", files=manifest)["missing"]:
        assert put(client, by_hash[missing]).status == 200
    answer = client.ok("POST", f"{V1}/snapshots", files=manifest)
    assert answer["missing"] == []
    return str(answer["snapshot_id"])


def run_with(client: Client, directory: Path, snapshot: str, experiment: str | None = None) -> str:
    """A run whose job names a snapshot."""
    run = client.run(experiment)
    with closing(sqlite3.connect(directory / DATABASE_FILE, timeout=20)) as database, database:
        database.execute(JOB, (snapshot, run))
    return run


def kept_files(directory: Path, below: str = "artifacts/.runyard-snapshots") -> int:
    return sum(1 for path in (directory / below).rglob("*") if path.is_file())


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_the_archive_has_the_files(server: Client, directory: Path) -> None:
    run = run_with(server, directory, keep(server, FILES))
    answer = server.send("GET", f"{V1}/runs/{run}/snapshot/archive")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/gzip")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as archive:
        found = {one.name: (archive.extractfile(one), one.mode) for one in archive}
    assert {name: mode for name, (_, mode) in found.items()} == {
        "train.py": 0o755,
        "lib/util.py": 0o755,
        "lib/data ü.bin": 0o644,
    }
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as archive:
        for name, content in FILES.items():
            file = archive.extractfile(name)
            assert file is not None and file.read() == content
    assert server.send("GET", f"{V1}/runs/{run}/snapshot/archive").content == answer.content


def test_the_manifest_and_single_files_are_read(server: Client, directory: Path) -> None:
    snapshot = keep(server, FILES)
    run = run_with(server, directory, snapshot)
    answer = server.ok("GET", f"{V1}/runs/{run}/snapshot")
    assert answer["snapshot_id"] == snapshot
    assert [one["path"] for one in answer["files"]] == sorted(FILES)
    for path, content in FILES.items():
        found = server.send("GET", f"{V1}/runs/{run}/snapshot/file?{urlencode({'path': path})}")
        assert (found.status, found.content) == (200, content)
        assert found.headers["content-disposition"].startswith("attachment")
        assert found.headers["content-security-policy"].startswith("sandbox")
    part = server.send("GET", f"{V1}/runs/{run}/snapshot/file?path=train.py", headers={"Range": "bytes=0-4"})
    assert (part.status, part.content) == (206, b"print")


def test_the_id_is_that_of_the_files_whatever_their_order(server: Client) -> None:
    some = {"a.py": b"1", "b.py": b"2"}
    assert keep(server, some) == keep(server, dict(reversed(some.items())))
    canonical = {
        "files": [
            {"executable": True, "path": path, "sha256": sha256(some[path]), "size": 1}
            for path in sorted(some)
        ]
    }
    text = json.dumps(canonical, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    assert keep(server, some) == sha256(text.encode())


def test_a_content_that_is_here_is_not_asked_for_again(server: Client) -> None:
    keep(server, {"a.py": b"known content"})
    files = [entry("b.py", b"known content"), entry("c.py", b"unknown content")]
    assert server.ok("POST", f"{V1}/snapshots", files=files)["missing"] == [sha256(b"unknown content")]
    assert put(server, b"known content").status == 200


def test_a_wrong_content_is_refused_and_nothing_of_it_kept(server: Client) -> None:
    answer = put(server, b"wrong content", sha256(b"right content"))
    assert (answer.status, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    files = [entry("a.py", b"right content")]
    assert server.ok("POST", f"{V1}/snapshots", files=files)["missing"] == [sha256(b"right content")]
    keep(server, {"a.py": b"right content"})
    assert put(server, b"wrong content", sha256(b"right content")).status == 400
    wrong_size = [{**entry("a.py", b"right content"), "size": 1}]
    assert server.fails("POST", f"{V1}/snapshots", files=wrong_size)[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            ".",
            "..",
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a//b",
            "a/",
            "./a",
            "a/./b",
            "a\\b",
            "C:/x",
            "a\0b",
        ),
        *("a\nb", "%2e%2e/x", "..%2fx", "x" * 256, "x/" * 200 + "x", "\ufffd", "a/../b", "~/../x"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(server: Client, path: str) -> None:
    put(server, b"x")
    files = [entry(path, b"x")]
    assert server.fails("POST", f"{V1}/snapshots", files=files) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "names", [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"], ["a", "b", "a"]], ids=lambda names: "+".join(names)
)
def test_each_path_is_one_file(server: Client, names: list[str]) -> None:
    files = [entry(name, b"x") for name in names]
    assert server.fails("POST", f"{V1}/snapshots", files=files)[0] == 400


@pytest.mark.parametrize(
    "wrong",
    [
        *({"sha256": text} for text in ("", "x", "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 63)),
        *({"size": size} for size in (-1, BYTES + 1, 2**62, "x", None, 1.5)),
        {"path": None},
        {"executable": "perhaps"},
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, wrong: dict[str, Any]) -> None:
    files = [{**entry("a", b"x"), **wrong}]
    assert server.fails("POST", f"{V1}/snapshots", files=files)[0] == 400


@pytest.mark.parametrize("name", ["x", "A" * 64, "..", "%2e%2e%2f" + "a" * 61, "a" * 65, "g" * 64])
def test_contents_are_named_by_their_hash(server: Client, name: str) -> None:
    assert put(server, b"x", name).status in (400, 404)


def test_the_limits_are_told_with_the_way_out(server: Client) -> None:
    big = [{**entry("data/big.bin", b"x"), "size": BYTES}, entry("a.py", b"xy")]
    answer = server.call("POST", f"{V1}/snapshots", {"files": big})
    message = answer.json()["message"]
    assert answer.status == 400 and answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert f"{BYTES + 2:,} bytes" in message and "data/big.bin" in message and ".amlignore" in message
    many = [entry(f"{number}", b"x") for number in range(COUNT + 1)]
    answer = server.call("POST", f"{V1}/snapshots", {"files": many})
    assert answer.status == 400 and f"{COUNT + 1} files" in answer.json()["message"]
    assert put(server, b"x" * (BYTES + 1)).status == 400
    assert keep(server, {f"{number}": b"x" for number in range(COUNT)})


def test_a_body_in_pieces_ends_at_the_limit(server: Client) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000) for _ in range(11)) + b"0\r\n\r\n"
    head = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    del head["Content-Length"]
    answer = server.send("PUT", f"{V1}/snapshot-blobs/{'a' * 64}", body, head)
    assert answer.status == 400


def test_a_file_that_is_not_in_it_is_not_found(server: Client, directory: Path) -> None:
    run = run_with(server, directory, keep(server, FILES))
    for path, status in (
        ("absent.py", 404),
        ("lib", 404),
        ("../train.py", 400),
        ("/train.py", 400),
        ("", 400),
    ):
        answer = server.send("GET", f"{V1}/runs/{run}/snapshot/file?{urlencode({'path': path})}")
        assert answer.status == status, path
    for kind in ("", "/archive", "/file?path=train.py"):
        for other in (UNKNOWN_RUN, server.run(), run_with(server, directory, "f" * 64)):
            assert server.send("GET", f"{V1}/runs/{other}/snapshot{kind}").status == 404


@pytest.mark.parametrize("spelling", ["", "/", "/{place}", "/../{below}/{place}"])
def test_no_route_of_artifacts_leads_there(server: Client, directory: Path, spelling: str) -> None:
    keep(server, {"a.py": b"a content of its own"})
    below = ".runyard-snapshots"
    root = directory / "artifacts" / below
    place = next(path for path in root.rglob("*") if path.is_file()).relative_to(root)
    path = below + spelling.format(place=place, below=below)
    for text in (path, quote(path, safe=""), path.upper(), f"./{path}", f"x/../{path}"):
        for method in ("GET", "PUT", "DELETE"):
            body = b"overwritten" if method == "PUT" else None
            assert server.send(method, f"{PROXY}/{text}", body).status >= 400, text
        listing = server.call("GET", PROXY, {"path": path})
        assert listing.status >= 400
    assert (root / place).is_file() and b"overwritten" not in (root / place).read_bytes()
    assert below not in server.send("GET", PROXY).content.decode()
    for location in (
        f"mlflow-artifacts:/{below}",
        f"mlflow-artifacts:/{below}/x",
        f"{directory}/artifacts/{below}",
    ):
        fields = {"name": server.name(), "artifact_location": location}
        assert server.fails("POST", "experiments/create", **fields)[0] == 400


def test_another_workspace_has_its_own(server: Client, directory: Path) -> None:
    run = run_with(server, directory, keep(server, FILES))
    name = server.name("w")
    server.ok("POST", f"{V1}/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    assert (
        len(other.ok("POST", f"{V1}/snapshots", files=[entry("train.py", FILES["train.py"])])["missing"]) == 1
    )
    for kind in ("", "/archive", "/file?path=train.py"):
        assert other.send("GET", f"{V1}/runs/{run}/snapshot{kind}").status == 404
    theirs = run_with(other, directory, keep(other, {"train.py": FILES["train.py"]}))
    answer = other.send("GET", f"{V1}/runs/{theirs}/snapshot/file?path=train.py")
    assert answer.content == FILES["train.py"]
    guid = other.ok("GET", f"{V1}/workspace")["guid"]
    assert kept_files(directory, f"artifacts/workspaces/{guid}/.runyard-snapshots") == 1
    assert ".runyard-snapshots" not in other.send("GET", PROXY).content.decode()


def test_who_submits_may_send_and_who_reads_the_run_may_read(server: Client, directory: Path) -> None:
    mine, theirs = server.experiment(), server.experiment()
    people = People(directory)
    reader = server.also(token=people.with_roles(("Reader", HERE)))
    partly = server.also(token=people.with_roles(("Data Scientist", f"{HERE}/experiments/{mine}")))
    nobody = server.also(token=people.with_roles())
    assert reader.fails("POST", f"{V1}/snapshots", files=[])[0] == 403
    assert [put(reader, b"x").status, put(nobody, b"x").status] == [403, 404]
    snapshot = keep(partly, FILES)
    runs = [run_with(server, directory, snapshot, one) for one in (mine, theirs)]
    statuses = [
        [client.send("GET", f"{V1}/runs/{run}/snapshot{kind}").status for run in runs]
        for client in (reader, partly, nobody)
        for kind in ("", "/archive", "/file?path=train.py")
    ]
    assert statuses == [[200, 200]] * 3 + [[200, 404]] * 3 + [[404, 404]] * 3


def test_the_space_comes_back_when_the_last_run_is_purged(server: Client, directory: Path) -> None:
    experiment = server.experiment()
    content = {"only.py": b"of one run only", "also.py": b"of these runs"}
    snapshot = keep(server, content)
    runs = [run_with(server, directory, snapshot, experiment) for _ in range(2)]
    place = directory / "artifacts" / ".runyard-snapshots" / sha256(content["only.py"])[:2]

    def is_kept() -> bool:
        return any(path.name.startswith(sha256(content["only.py"])) for path in place.glob("*"))

    for run in runs:
        time.sleep(1.2)
        assert is_kept()
        assert server.send("GET", f"{V1}/runs/{runs[-1]}/snapshot/archive").status == 200
        server.ok("POST", "runs/delete", run_id=run)
        server.ok("POST", f"{V1}/trash/purge", items=[{"kind": "run", "id": run}])
    wait_for(lambda: not is_kept())
    assert People(directory).count("snapshots", hash=snapshot) == 0


def test_what_was_sent_for_nothing_goes_too(server: Client, directory: Path) -> None:
    content = b"sent for nothing"
    assert put(server, content).status == 200
    assert People(directory).count("snapshot_blobs", sha256=sha256(content)) == 1
    wait_for(lambda: People(directory).count("snapshot_blobs", sha256=sha256(content)) == 0)
    assert not list((directory / "artifacts/.runyard-snapshots").rglob(f"{sha256(content)}*"))


def test_a_jobs_own_token_reads_and_sends_none(server: Client) -> None:
    asked = {"target": "local", "experiment_name": "e", "definition": {"script": "train.py"}}
    job = server.ok("POST", f"{V1}/jobs", **asked, snapshot_id=keep(server, FILES))
    client = server.also(token=job["token"])
    assert client.send("GET", f"{V1}/runs/{job['job']['run_id']}/snapshot/archive").status == 200
    assert client.fails("POST", f"{V1}/snapshots", files=[])[0] == 403
    assert put(client, b"x").status == 403
