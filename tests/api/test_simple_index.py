"""The package index: what pip and uv read, who may, and that names lead nowhere else."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from runyard.server.routes.simple import HTML, JSON, VERSIONED_HTML, wanted
from runyard.server.settings import Settings
from runyard.version import AZUREML_VERSION, __version__
from tests.api.live_server import Client, live_server

PASSWORD = "correct horse battery"
PROJECTS = [
    *(
        "azureml-contrib-run",
        "azureml-core",
        "azureml-defaults",
        "azureml-mlflow",
        "azureml-sdk",
        "azureml-widgets",
        "runyard",
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("simple")) as client:
        yield client


def links(page: str) -> list[tuple[str, str]]:
    return [
        (unescape(href), unescape(text))
        for href, text in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', page)
    ]


def test_index_lists_normalised_names(server: Client) -> None:
    found = links(server.send("GET", "/simple/").content.decode())
    assert found == [(f"{name}/", name) for name in PROJECTS]


@pytest.mark.parametrize("project", PROJECTS)
def test_page_of_a_project_leads_to_its_wheel_with_the_right_hash(server: Client, project: str) -> None:
    page = f"/simple/{project}/"
    [(href, name)] = links(server.send("GET", page).content.decode())
    target = urlsplit(urljoin(page, href))
    wheel = server.send("GET", target.path)
    assert wheel.status == 200
    assert target.fragment == "sha256=" + hashlib.sha256(wheel.content).hexdigest()
    assert unquote(target.path).rpartition("/")[2] == name
    assert name.split("-")[:2] == [
        project.replace("-", "_"),
        __version__ if project == "runyard" else AZUREML_VERSION,
    ]


def test_json_says_the_same_as_html(server: Client) -> None:
    accept = {"accept": f"{JSON}, {VERSIONED_HTML}; q=0.1, text/html; q=0.01"}
    listed = server.send("GET", "/simple/", headers=accept)
    assert listed.headers["content-type"] == JSON
    assert [one["name"] for one in listed.json()["projects"]] == PROJECTS
    [file] = server.send("GET", "/simple/azureml-core/", headers=accept).json()["files"]
    [(href, name)] = links(server.send("GET", "/simple/azureml-core/").content.decode())
    assert href == f"{file['url']}#sha256={file['hashes']['sha256']}"
    assert name == file["filename"]


@pytest.mark.parametrize("name", ["AzureML_Core", "azureml.core", "azureml--core"])
def test_names_are_normalised(server: Client, name: str) -> None:
    assert (
        server.send("GET", f"/simple/{name}/").content == server.send("GET", "/simple/azureml-core/").content
    )
    assert server.send("GET", f"/simple/{name}").headers["location"] == "azureml-core/"


def test_index_without_its_slash_leads_on(server: Client) -> None:
    answer = server.send("GET", "/simple")
    assert (answer.status, answer.headers["location"]) == (301, "simple/")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "requests/",
            "requests",
            "..%2f..%2fetc%2fpasswd",
            "%2e%2e/",
            "azureml-core/..%2f..%2fpyproject.toml",
        ),
        *(
            "azureml-core/%2e%2e",
            "runyard/azureml_core.whl",
            "%00/",
            "azureml-core/%ff",
            "-/",
            "azureml-core/x/y",
        ),
    ],
)
def test_other_names_are_not_found(server: Client, path: str) -> None:
    answer = server.send("GET", f"/simple/{path}")
    assert answer.status == 404
    assert answer.json()["error_code"] in ("RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND")


def test_unknown_project_says_what_there_is(server: Client) -> None:
    assert "azureml-mlflow" in server.send("GET", "/simple/mlflow/").json()["message"]


def test_any_credential_opens_it_where_logins_are_needed(tmp_path: Path) -> None:
    """Also of somebody without a role; pip and uv send what stands in the index URL as Basic."""
    settings = Settings(data=str(tmp_path))
    with live_server(tmp_path, settings) as client:
        client.ok("POST", "/api/v1/users", name="ada", password=PASSWORD)
    with live_server(tmp_path, replace(settings, auth="required")) as client:
        token = client.ok("POST", "/api/v1/login", user="ada", password=PASSWORD)["token"]
        for path in ("/simple/", "/simple/runyard/"):
            assert client.send("GET", path).status == 401
            for said in (f"ada:{PASSWORD}", f"ada:{token}", f"any:{token}"):
                assert client.send("GET", path, headers=basic(said)).status == 200, said
            assert client.send("GET", path, headers=basic("ada:wrong-password")).status == 401


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", HTML),
        ("*/*", HTML),
        ("text/html", HTML),
        (JSON, JSON),
        ("text/html; q=0.5, " + JSON + ";q=0.6", JSON),
        (f"{VERSIONED_HTML}, text/html;q=0.1", VERSIONED_HTML),
        ("image/png", HTML),
        ("; q=x,,;=", HTML),
        (JSON + ";q=nan", HTML),
    ],
)
def test_form_follows_the_accept_header(accept: str, media: str) -> None:
    assert wanted(accept) == media
