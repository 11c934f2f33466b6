"""`runyard datastore attach-…`: one command for each kind of storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runyard.cli.framework.command import Command
from runyard.cli.framework.confirm import ask_secret, secret_from_stdin
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE, named
from runyard.cli.shapes import datastores

HOW = ("overwrite", "skip_validation")
NAME = named("datastore", "-n", "--name", what="name of the datastore")
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the datastore of this name.")
UNCHECKED = click.option("--skip-validation", is_flag=True, help="Do not try to reach it first.")
PREFIX = click.option("--prefix", metavar="PATH", help="Only what is below this path.")
ANONYMOUS = click.option("--anonymous", is_flag=True, help="Public data; no credentials.")


def _attach(session: Session, name: str, kind: str, given: dict[str, Any], secret: dict[str, Any]) -> None:
    """Register it and show it; what was not given is left out."""
    how = {flag: given[flag] for flag in HOW}
    config = {key: value for key, value in given.items() if key not in HOW and value not in (None, "", False)}
    body = {
        "name": name,
        "kind": kind,
        "config": config,
        "secret": {key: value for key, value in secret.items() if value},
        **how,
    }
    session.record(session.here.post(datastores.PATH, body), datastores.CARD)


@click.command(
    "attach-s3",
    cls=Command,
    example="""
    runyard datastore attach-s3 leaves --bucket leaves --region eu-central-1 --access-key-id AKIA...
    runyard datastore attach-s3 public --bucket open-data --anonymous
    """,
)
@NAME
@click.option("--bucket", "-c", required=True, metavar="NAME", help="The bucket.")
@PREFIX
@click.option("--endpoint", metavar="URL", help="Of a service other than Amazon's.")
@click.option("--region", metavar="NAME", help="Such as eu-central-1. [default: us-east-1]")
@click.option(
    "--access-key-id", envvar="AWS_ACCESS_KEY_ID", show_envvar=True, metavar="ID", help="Id of the key."
)
@click.option(
    "--secret-access-key",
    envvar="AWS_SECRET_ACCESS_KEY",
    show_envvar=True,
    metavar="KEY",
    help="The key; asked for otherwise.",
)
@click.option(
    "--session-token",
    envvar="AWS_SESSION_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="With temporary keys.",
)
@ANONYMOUS
@OVERWRITE
@UNCHECKED
@click.pass_obj
def attach_s3(
    session: Session, /, datastore: str, secret_access_key: str | None, session_token: str | None, **more: Any
) -> None:
    """Attach a bucket of S3, or of what speaks its protocol."""
    if more["anonymous"]:
        more["access_key_id"] = secret_access_key = session_token = None
    elif not more["access_key_id"]:
        raise click.UsageError("Missing --access-key-id; public buckets need --anonymous.")
    elif not secret_access_key:
        secret_access_key = ask_secret(
            "Secret access key", "Give --secret-access-key or AWS_SECRET_ACCESS_KEY."
        )
    secret = {"secret_access_key": secret_access_key, "session_token": session_token}
    _attach(session, datastore, "s3", more, secret)


@click.command(
    "attach-blob",
    cls=Command,
    example='runyard datastore attach-blob -n leaves -a myaccount -c leaves\nrunyard datastore attach-blob -n leaves -a myaccount -c leaves --sas-token "sv=..."',
)
@NAME
@click.option("--account-name", "-a", "account", required=True, metavar="NAME", help="The storage account.")
@click.option("--container-name", "-c", "container", required=True, metavar="NAME", help="The container.")
@PREFIX
@click.option("--endpoint", metavar="URL", help="Of an emulator or another cloud.")
@click.option(
    "--account-key",
    "-k",
    envvar="AZURE_STORAGE_KEY",
    show_envvar=True,
    metavar="KEY",
    help="The account's key; asked for otherwise.",
)
@click.option(
    "--sas-token",
    envvar="AZURE_STORAGE_SAS_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="A shared access signature instead.",
)
@ANONYMOUS
@OVERWRITE
@UNCHECKED
@click.pass_obj
def attach_blob(
    session: Session, /, datastore: str, account_key: str | None, sas_token: str | None, **more: Any
) -> None:
    """Attach a container of Azure Blob Storage."""
    if more["anonymous"]:
        account_key = sas_token = None
    elif not (account_key or sas_token):
        account_key = ask_secret("Account key", "Give --account-key, --sas-token or AZURE_STORAGE_KEY.")
    secret = {"account_key": "" if sas_token else account_key, "sas_token": sas_token}
    _attach(session, datastore, "azure", more, secret)


@click.command(
    "attach-gcs",
    cls=Command,
    example="runyard datastore attach-gcs leaves --bucket leaves --key-file key.json\nrunyard datastore attach-gcs public --bucket open-data --anonymous",
)
@NAME
@click.option("--bucket", "-c", required=True, metavar="NAME", help="The bucket.")
@PREFIX
@click.option("--key-file", type=FILE, metavar="FILE", help="Key of a service account (JSON).")
@ANONYMOUS
@OVERWRITE
@UNCHECKED
@click.pass_obj
def attach_gcs(session: Session, /, datastore: str, key_file: Path | None, **more: Any) -> None:
    """Attach a bucket of Google Cloud Storage."""
    if (key_file is None) != more["anonymous"]:
        raise click.UsageError("Give --key-file, or --anonymous for a public bucket.")
    secret = {"service_account": key_file.read_text(encoding="utf-8") if key_file else ""}
    _attach(session, datastore, "gcs", more, secret)


@click.command(
    "attach-local", cls=Command, example="runyard datastore attach-local shared --dir /srv/data/shared"
)
@NAME
@click.option(
    "--dir",
    "path",
    required=True,
    metavar="DIR",
    help="A directory of the server's machine; its administrator allows which.",
)
@OVERWRITE
@UNCHECKED
@click.pass_obj
def attach_local(session: Session, /, datastore: str, **more: Any) -> None:
    """Attach a directory of the server's machine."""
    _attach(session, datastore, "local", more, {})


@click.command(
    "attach-sftp",
    cls=Command,
    example="""
    runyard datastore attach-sftp leaves --host files.example.org --user ada --private-key ~/.ssh/id_ed25519 \\
        --host-key "$(ssh-keyscan -t ed25519 files.example.org)" --dir data/leaves
    """,
)
@NAME
@click.option("--host", required=True, metavar="NAME", help="The SFTP server.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Its port. [default: 22]")
@click.option("--user", "-u", required=True, metavar="NAME", help="Login name.")
@click.option(
    "--host-key", required=True, metavar="KEY", help="The server's public key, as ssh-keyscan prints it."
)
@click.option(
    "--dir", "directory", metavar="DIR", help="A directory. [default: the one that a login starts in]"
)
@click.option("--private-key", type=FILE, metavar="FILE", help="The private key to log in with.")
@click.option(
    "--passphrase",
    envvar="RUNYARD_SFTP_PASSPHRASE",
    show_envvar=True,
    metavar="TEXT",
    help="Of the private key.",
)
@click.option("--password-stdin", is_flag=True, help="Read a password from stdin; otherwise it is asked for.")
@OVERWRITE
@UNCHECKED
@click.pass_obj
def attach_sftp(
    session: Session,
    /,
    datastore: str,
    private_key: Path | None,
    passphrase: str | None,
    password_stdin: bool,
    **more: Any,
) -> None:
    """Attach a directory of an SFTP server."""
    secret: dict[str, Any] = {"passphrase": passphrase}
    if private_key is not None:
        secret["private_key"] = private_key.read_text(encoding="utf-8")
    elif password_stdin:
        secret["password"] = secret_from_stdin()
    else:
        secret["password"] = ask_secret("Password", "Give --private-key or --password-stdin.")
    more["path"] = more.pop("directory")
    _attach(session, datastore, "sftp", more, secret)
