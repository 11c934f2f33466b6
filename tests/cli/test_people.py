"""Logins, tokens, users, teams, roles, secrets and the audit log against a server that asks who is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import live_server
from tests.cli.command_line import CommandLine

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The owner's command line at a server that requires a credential; made where nobody needed one yet."""
    data, home = tmp_path_factory.mktemp("guarded"), tmp_path_factory.mktemp("home")
    with live_server(data) as open_client:
        before = CommandLine(open_client, home)
        before.ok("user", "create", "owner", "--password-stdin", typed=f"{PASSWORD}\n")
        before.ok("role", "assign", "owner", "Owner", "--scope", "/")
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        cli = CommandLine(client, home)
        cli.ok("login", "--user", "owner", "--password-stdin", typed=f"{PASSWORD}\n")
        yield cli


def stranger(cli: CommandLine, tmp_path: Path) -> CommandLine:
    """Somebody else at the same server."""
    return CommandLine(cli.client, tmp_path / "other-home")


def test_who_is_not_logged_in_is_told_how(guarded: CommandLine, tmp_path: Path) -> None:
    said = stranger(guarded, tmp_path).fails(3, "run", "list")
    assert "runyard login" in said and len(said.strip().splitlines()) == 1


def test_a_login_lasts_until_logout_and_its_token_is_worthless_then(
    guarded: CommandLine, tmp_path: Path
) -> None:
    other = stranger(guarded, tmp_path)
    done = other.call("login", "-u", "owner", "--password-stdin", typed=f"{PASSWORD}\n")
    assert (done.exit_code, done.stdout) == (0, "") and "as owner" in done.stderr
    kept = other.home / "credentials.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    (login,) = json.loads(kept.read_text())["logins"].values()
    assert other.ok("whoami", "--query", "principal.name") == "owner\n"
    assert "command line on" in other.ok("token", "list")
    other.ok("logout")
    other.fails(3, "whoami")
    assert other.call("whoami", RUNYARD_TOKEN=login["token"]).exit_code == 3
    assert "no login" in other.call("logout").stderr


def test_a_wrong_password_logs_nobody_in(guarded: CommandLine, tmp_path: Path) -> None:
    other = stranger(guarded, tmp_path)
    said = other.fails(3, "login", "-u", "owner", "--password-stdin", typed="wrong\n")
    said += other.fails(3, "login", "--token", "ry_wrong")
    assert PASSWORD not in said and "runyard login" not in said and "Log in" not in said
    assert not (other.home / "credentials.json").exists()


def test_a_token_can_be_kept_from_stdin(guarded: CommandLine, tmp_path: Path) -> None:
    token = guarded.data("token", "create", "laptop", "--life", "1d")["token"]
    other = stranger(guarded, tmp_path)
    other.ok("login", "--token", "-", typed=f"{token}\n")
    assert other.ok("whoami", "--query", "principal.name") == "owner\n"
    assert stranger(guarded, tmp_path / "x").call("login", "--token", "ry_wrong").exit_code == 3


def test_a_variable_that_wins_over_the_login_is_named(guarded: CommandLine, tmp_path: Path) -> None:
    token = guarded.data("token", "create", "job")["token"]
    done = stranger(guarded, tmp_path).call("login", "--token", token, RUNYARD_TOKEN=token)
    assert "RUNYARD_TOKEN is set and wins" in done.stderr


def test_nothing_is_asked_where_nobody_can_answer(guarded: CommandLine, tmp_path: Path) -> None:
    other = stranger(guarded, tmp_path)
    assert "--password-stdin" in other.fails(2, "login")
    assert "--password-stdin" in other.fails(2, "login", "--user", "ada")
    assert "--password-stdin" in guarded.fails(2, "user", "create", "eve")
    assert "Choose one" in other.fails(2, "login", "--user", "ada", "--device")


def test_a_server_without_an_identity_provider_has_no_device_login(
    guarded: CommandLine, tmp_path: Path
) -> None:
    done = stranger(guarded, tmp_path).call("login", "--device")
    assert done.exit_code in (1, 2, 4) and done.stdout == "" and "Traceback" not in done.stderr


def test_tokens_are_limited_listed_and_revoked(guarded: CommandLine, tmp_path: Path) -> None:
    made = guarded.data("token", "create", "ci", "--only", "*/read", "--life", "2w")
    assert made["token"].startswith("ry_") and made["actions"] == ["*/read"]
    assert made["token"] not in guarded.ok("token", "list", "-o", "json")
    with_it = {"RUNYARD_TOKEN": made["token"]}
    other = CommandLine(guarded.client, tmp_path, with_it)
    other.ok("run", "list")
    assert "experiments/write" in other.fails(6, "experiment", "create", "x")
    guarded.ok("token", "revoke", made["token_id"])
    other.fails(3, "run", "list")
    assert "revoked" in guarded.ok("token", "list", "--all")


def test_users_teams_and_roles_decide_who_may_do_what(guarded: CommandLine, tmp_path: Path) -> None:
    guarded.ok(
        "user", "create", "ada", "--email", "ada@example.org", "--password-stdin", typed=f"{PASSWORD}\n"
    )
    ada = stranger(guarded, tmp_path)
    ada.ok("login", "-u", "ada", "--password-stdin", typed=f"{PASSWORD}\n")
    assert ada.call("run", "list").exit_code in (4, 6)
    guarded.ok("team", "create", "perception")
    assert [one["name"] for one in guarded.data("team", "add", "perception", "ada")["members"]] == ["ada"]
    given = guarded.data("role", "assign", "perception", "Reader")
    ada.ok("run", "list")
    said = ada.fails(6, "experiment", "create", "x")
    assert "may not do experiments/write" in said and said.lower().count("owner") == 1
    shown = guarded.ok("role", "assignments", "--who", "perception")
    assert given["assignment_id"] in shown and "Reader" in shown
    guarded.ok("role", "unassign", given["assignment_id"])
    assert ada.call("run", "list").exit_code in (4, 6)
    guarded.ok("team", "remove", "perception", "ada")
    guarded.ok("team", "delete", "perception", "--yes", "perception")
    assert guarded.data("user", "update", "ada", "--disable")["disabled"] is True
    ada.fails(3, "whoami")
    guarded.ok("user", "delete", "ada", "--yes", "ada")
    assert "ada" in guarded.fails(4, "user", "show", "ada")


def test_a_workspace_is_shared_as_azure_spells_it(guarded: CommandLine) -> None:
    guarded.ok("user", "create", "lin", "--password-stdin", typed=f"{PASSWORD}\n")
    given = guarded.data("workspace", "share", "--user", "lin", "--role", "contributor", "-w", "default")
    assert (given["role"], given["scope"].rpartition("/")[2]) == ("Contributor", "default")
    guarded.ok("workspace", "sync-keys", "-w", "default")


def test_roles_of_ones_own(guarded: CommandLine) -> None:
    made = guarded.data(
        "role", "create", "Labeller", "--action", "runs/*,datasets/read", "--not-action", "runs/delete"
    )
    assert made["actions"] == ["runs/*", "datasets/read"]
    assert guarded.data("role", "show", "Labeller")["not_actions"] == ["runs/delete"]
    assert "Labeller" in guarded.ok("role", "list")
    guarded.ok("role", "delete", "Labeller")
    assert "Labeller" in guarded.fails(4, "role", "show", "Labeller")


def test_a_role_in_one_experiment_or_group(guarded: CommandLine) -> None:
    guarded.ok("user", "create", "grace", "--no-password")
    guarded.ok("experiment", "create", "leaves")
    inside = guarded.data("role", "assign", "grace", "Contributor", "-e", "leaves")
    assert inside["scope"].endswith("/experiments/1")
    denied = guarded.data("role", "assign", "grace", "Reader", "-g", "default", "--deny")
    assert (denied["scope"], denied["allow"]) == ("/subscriptions/default/resourceGroups/default", False)


def test_service_accounts_have_tokens(guarded: CommandLine, tmp_path: Path) -> None:
    guarded.ok("service-account", "create", "trainer", "--display-name", "Nightly")
    made = guarded.data("token", "create", "nightly", "--service-account", "trainer")
    other = CommandLine(guarded.client, tmp_path, {"RUNYARD_TOKEN": made["token"]})
    assert other.ok("whoami", "--query", "principal.name") == "trainer\n"
    assert "trainer" in guarded.ok("service-account", "list")
    guarded.ok("service-account", "delete", "trainer", "--yes", "trainer")
    other.fails(3, "whoami")


def test_passwords_change(guarded: CommandLine, tmp_path: Path) -> None:
    guarded.ok("user", "create", "joan", "--password-stdin", typed=f"{PASSWORD}\n")
    joan = stranger(guarded, tmp_path)
    joan.ok("login", "-u", "joan", "--password-stdin", typed=f"{PASSWORD}\n")
    joan.ok("user", "set-password", "joan", "--password-stdin", typed=f"{PASSWORD}\n{PASSWORD} 2\n")
    joan.ok("login", "-u", "joan", "--password-stdin", typed=f"{PASSWORD} 2\n")
    guarded.ok("user", "set-password", "joan", "--password-stdin", typed=f"{PASSWORD} 3\n")
    joan.ok("login", "-u", "joan", "--password-stdin", typed=f"{PASSWORD} 3\n")


def test_secrets_are_kept_and_never_listed(guarded: CommandLine) -> None:
    guarded.ok("secret", "set", "api-key", "--stdin", typed="s3cr3t\n")
    assert guarded.ok("secret", "get", "api-key", "-o", "tsv") == "s3cr3t\n"
    assert "api-key" in guarded.ok("secret", "list") and "s3cr3t" not in guarded.ok(
        "secret", "list", "-o", "json"
    )
    guarded.ok("secret", "delete", "api-key")
    assert "api-key" in guarded.fails(4, "secret", "get", "api-key")


def test_the_audit_log_is_listed_exported_and_verified(guarded: CommandLine, tmp_path: Path) -> None:
    guarded.ok("experiment", "create", "audited")
    rows = guarded.data("audit", "list", "--who", "owner", "--since", "1h", "--action", "experiments/write")
    assert rows[0]["target"] == {"name": "audited"} and rows[0]["outcome"] == "done"
    assert "experiments/write" in guarded.ok("audit", "list", "--last", "3")
    assert guarded.data("audit", "list", "--until", "2001-01-01") == []
    guarded.ok("audit", "export", "--to", str(tmp_path / "audit.jsonl"))
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(1, len(lines) + 1))
    assert guarded.ok("audit", "export").splitlines()[: len(lines)] == lines
    assert guarded.data("audit", "verify")["intact"] is True
    assert "is no time" in guarded.fails(2, "audit", "list", "--since", "yesterday")


def test_what_a_deleted_user_leaves_to_service_accounts_is_told(guarded: CommandLine, tmp_path: Path) -> None:
    guarded.ok("user", "create", "leaving", "--password-stdin", typed=f"{PASSWORD}\n")
    guarded.ok("role", "assign", "leaving", "Owner", "--scope", "/")
    guarded.ok("service-account", "create", "staying")
    other = stranger(guarded, tmp_path)
    other.ok("login", "--user", "leaving", "--password-stdin", typed=f"{PASSWORD}\n")
    made = other.data("token", "create", "nightly", "--service-account", "staying")
    assert "still work" in guarded.call("user", "delete", "leaving", "--yes", "leaving").stderr
    (left,) = guarded.data("token", "list", "--made-by", "leaving")
    assert (left["token_id"], left["principal"]) == (made["token_id"], "staying")
    assert "staying" in guarded.ok("token", "list", "--made-by", "leaving")
    guarded.fails(2, "token", "list", "--made-by", "leaving", "--service-account", "staying")
    guarded.ok("token", "revoke", left["token_id"])
    guarded.ok("user", "create", "silent", "--no-password")
    assert "still work" not in guarded.call("user", "delete", "silent", "--yes", "silent").stderr
