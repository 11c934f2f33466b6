"""`runyard alert` against a real receiver."""

from __future__ import annotations

from tests.api.webhook_receiver import receiver_at
from tests.cli.command_line import CommandLine


def test_an_alert_is_set_tested_listed_and_deleted(cli: CommandLine) -> None:
    experiment = cli.client.name("alerted")
    cli.client.experiment(name=experiment)
    with receiver_at() as receiver:
        words = ("alert", "set", "team", "--on", "failed", "--on", "nan", "-e", experiment, "--stdin")
        done = cli.call(*words, typed=f"{receiver.url('/SECRET')}\n")
        assert (
            done.exit_code == 0 and "Signing key" in done.stdout and "runyard alert test team" in done.stderr
        )
        assert "answered 200" in cli.call("alert", "test", "team").stderr
        assert [path for path, _, _ in receiver.came] == ["/SECRET"]
    shown = cli.ok("alert", "list")
    assert "team" in shown and "failed, nan" in shown and "127.0.0.1" in shown and "SECRET" not in shown
    assert "did not arrive" in cli.fails(1, "alert", "test", "team")
    cli.ok("alert", "delete", "team")
    assert "team" not in cli.ok("alert", "list")
    cli.fails(4, "alert", "delete", "team")


def test_the_url_is_asked_for_or_read_and_never_an_argument(cli: CommandLine) -> None:
    assert "--stdin" in cli.fails(2, "alert", "set", "a", "--on", "failed")
    assert "--on" in cli.fails(2, "alert", "set", "a", "--stdin", typed="http://h/\n")
    cli.fails(1, "alert", "set", "a", "--on", "failed", "--stdin", typed="ftp://h/\n")


def test_how_long_runs_may_be_silent(cli: CommandLine) -> None:
    name = cli.client.name("silent")
    number = cli.client.experiment(name=name)
    cli.ok("alert", "silence", "5m")
    cli.ok("alert", "silence", "never", "-e", name)
    found = {one["place"]: one["seconds"] for one in cli.data("alert", "silence")}
    assert (found["server"], found["workspace"], found[f"experiment {number}"]) == (120, 300, 0)
    cli.ok("alert", "silence", "default", "-e", name)
    cli.ok("alert", "silence", "default")
    assert [one["place"] for one in cli.data("alert", "silence")] == ["server"]
    cli.fails(2, "alert", "silence", "soon")
