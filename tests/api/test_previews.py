"""Files as a browser may show them: the kind follows from the name alone, and none ever runs as a page of this server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest

from tests.api.live_server import Answer, Client, live_server
from tests.api.people import People

V1 = "/api/v1"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
EVIL = b"<html><script>fetch('/api/v1/me')</script></html>"
SHOWN = {
    "plot.png": "image/png",
    "PHOTO.JPG": "image/jpeg",
    "icon.svg": "image/svg+xml",
    "moving.webp": "image/webp",
    "sound.wav": "audio/wav",
    "film.webm": "video/webm",
    "film.mp4": "video/mp4",
    "report.html": "text/html; charset=utf-8",
    "report.htm": "text/html; charset=utf-8",
    "paper.pdf": "application/pdf",
    "table.csv": "text/plain; charset=utf-8",
    "notes.md": "text/plain; charset=utf-8",
    "script.js": "text/plain; charset=utf-8",
    "style.css": "text/plain; charset=utf-8",
    "feed.xml": "text/plain; charset=utf-8",
    "book.ipynb": "text/plain; charset=utf-8",
    "model/MLmodel": "text/plain; charset=utf-8",
}
DOWNLOADS = (
    *("weights.bin", "data.parquet", "a.zip", "noending", "page.xhtml", "page.shtml", "x.mht", "x.hta", "x.swf", "x.svgz"),
    *("html", ".html.bin", "x.html ", "x.html.", "x.wasm", "x.xsl", "x.mhtml", "page.html;x=.bin"),
)  # fmt: skip


class Stored(NamedTuple):
    """A run with files, and the experiment that it is in."""

    run_id: str
    experiment: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("previews")) as client:
        yield client


def put(server: Client, place: str, content: bytes = EVIL) -> None:
    answer = server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{quote(place)}", content)
    assert answer.status == 200, answer.content


@pytest.fixture(scope="module")
def stored(server: Client) -> Stored:
    experiment = server.experiment()
    run = server.run(experiment)
    for path in (*SHOWN, *DOWNLOADS):
        put(server, f"{experiment}/{run}/artifacts/{path}")
    put(server, f"{experiment}/{run}/artifacts/long.wav", bytes(range(256)) * 20)
    return Stored(run, experiment)


def preview(server: Client, run: str, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.send("GET", f"{V1}/preview?{urlencode({'run_id': run, 'path': path})}", headers=named)


def policy_of(answer: Answer) -> dict[str, str]:
    return dict(part.partition(" ")[::2] for part in answer.headers["content-security-policy"].split("; "))


@pytest.mark.parametrize("path", SHOWN)
def test_known_kinds_are_shown_under_a_policy(server: Client, stored: Stored, path: str) -> None:
    answer = preview(server, stored.run_id, path)
    assert (answer.status, answer.content) == (200, EVIL)
    assert answer.headers["content-type"] == SHOWN[path]
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = policy_of(answer)
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "connect-src" not in policy


@pytest.mark.parametrize("path", DOWNLOADS)
def test_everything_else_is_a_download(server: Client, stored: Stored, path: str) -> None:
    answer = preview(server, stored.run_id, path)
    assert (answer.status, answer.content) == (200, EVIL)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_all_but_paper_is_in_a_sandbox_and_scripts_run_in_pages_alone(server: Client, stored: Stored) -> None:
    for path in SHOWN:
        policy = policy_of(preview(server, stored.run_id, path))
        if path == "paper.pdf":
            assert "sandbox" not in policy and "script-src" not in policy
        elif path.startswith("report"):
            assert (
                policy["sandbox"] == "allow-scripts"
            )  # and neither allow-same-origin nor allow-top-navigation
            assert "'self'" not in policy["script-src"] and "http" not in policy["script-src"]
        else:
            assert policy["sandbox"] == "" and "script-src" not in policy


def test_ranges_and_validators_are_honoured(server: Client, stored: Stored) -> None:
    part = preview(server, stored.run_id, "long.wav", range="bytes=256-511")
    assert (part.status, part.content) == (206, bytes(range(256)))
    assert part.headers["content-range"] == "bytes 256-511/5120"
    assert part.headers["content-type"] == "audio/wav"
    again = preview(server, stored.run_id, "long.wav", if_none_match=part.headers["etag"])
    assert (again.status, again.content) == (304, b"")
    assert preview(server, stored.run_id, "long.wav", range="bytes=9999-").status == 416


def test_head_tells_the_same_without_the_file(server: Client, stored: Stored) -> None:
    query = urlencode({"run_id": stored.run_id, "path": "plot.png"})
    answer = server.send("HEAD", f"{V1}/preview?{query}")
    assert (answer.status, answer.content, answer.headers["content-type"]) == (200, b"", "image/png")


def test_files_of_models_and_datastores_are_shown_likewise(server: Client, stored: Stored) -> None:
    info = server.ok("POST", "logged-models", experiment_id=stored.experiment)["model"]["info"]
    put(server, f"{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}/card.html")
    name = server.name("model")
    server.ok("POST", "registered-models/create", name=name)
    source = f"mlflow-artifacts:/{stored.experiment}/{stored.run_id}/artifacts"
    server.ok("POST", "model-versions/create", name=name, source=source, run_id=stored.run_id)
    server.send("PUT", f"{V1}/datastores/workspaceblobstore/file/a%20b/plot.svg", b"<svg/>")
    for target, kind in (
        (f"preview/logged-models?{urlencode({'model_id': info['model_id'], 'path': 'card.html'})}", "text/html; charset=utf-8"),
        (f"preview/model-versions?{urlencode({'name': name, 'version': 1, 'path': 'plot.png'})}", "image/png"),
        ("datastores/workspaceblobstore/preview/a%20b/plot.svg", "image/svg+xml"),
    ):  # fmt: skip
        answer = server.send("GET", f"{V1}/{target}")
        assert (answer.status, answer.headers["content-type"]) == (200, kind), target
        assert "sandbox" in policy_of(answer)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("run_id=0", 400),
        ("path=x", 400),
        (f"run_id={'0' * 32}&path=x.png", 404),
        ("run_id={run}&path=nothing.png", 404),
        ("run_id={run}&path=", 400),
        ("run_id={run}&path=..%2F..%2Fsecret.key", 400),
        ("run_id={run}&path=%2Fetc%2Fpasswd", 400),
        ("run_id={run}&path=a%00b.png", 400),
        ("run_id={run}&path=%252e%252e%252fx", 400),
        ("run_id=%00&path=x", 404),
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, stored: Stored, query: str, status: int) -> None:
    answer = server.send("GET", f"{V1}/preview?{query.replace('{run}', stored.run_id)}")
    assert answer.status in (status, 404), answer.content
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ['a";evil=".png', "a\r\nx: y.png", "ünï😀.png", "a b#c?.png", "%41.png"])
def test_names_cannot_write_headers(server: Client, stored: Stored, name: str) -> None:
    placed = server.send(
        "PUT",
        f"/api/2.0/mlflow-artifacts/artifacts/{stored.experiment}/{stored.run_id}/artifacts/{quote(name)}",
        b"x",
    )
    answer = preview(server, stored.run_id, name)
    assert answer.status == (200 if placed.status == 200 else answer.status)
    assert "x" not in answer.headers and answer.status < 500
    if answer.status == 200:
        assert answer.headers["content-disposition"] == f"inline; filename*=UTF-8''{quote(name, safe='')}"


def test_another_workspace_shows_nothing(server: Client, stored: Stored) -> None:
    other = server.name("w")
    server.ok("POST", f"{V1}/workspaces", name=other)
    elsewhere = server.also(base=f"/workspaces/{other}")
    assert preview(elsewhere, stored.run_id, "plot.png").status == 404


def test_who_may_not_read_is_shown_nothing(server: Client, stored: Stored, tmp_path: Path) -> None:
    with live_server(tmp_path) as own:
        experiment, hidden = own.experiment(), own.experiment()
        runs = {one: own.run(one) for one in (experiment, hidden)}
        for one, run in runs.items():
            put(own, f"{one}/{run}/artifacts/plot.png")
        people = People(tmp_path)
        reader = own.also(token=people.with_roles(("Reader", f"{HERE}/experiments/{experiment}")))
        assert preview(reader, runs[experiment], "plot.png").status == 200
        assert preview(reader, runs[hidden], "plot.png").status == 404
        assert reader.send("GET", f"{V1}/datastores/workspaceblobstore/preview/x.png").status == 403
        whole = own.also(token=people.with_roles(("Reader", HERE)))
        assert preview(whole, runs[hidden], "plot.png").status == 200
        nobody = own.also(token=people.with_roles())
        assert preview(nobody, runs[hidden], "plot.png").status == 404
