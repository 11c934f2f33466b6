"""The `runyard` command. A command's module is loaded when it is called; few load the server: up, relay, exec, db, openapi, admin."""

from __future__ import annotations

from collections.abc import Mapping

from runyard.cli.framework.lazy import Lazy
from runyard.cli.framework.root import root

CLI = "runyard.cli"
COMMANDS: Mapping[str, Lazy] = {
    "up": Lazy(f"{CLI}.up", "up", "Start the server and serve until Ctrl-C."),
    "login": Lazy(f"{CLI}.account", "login", "Log in to a server and keep the credential."),
    "logout": Lazy(f"{CLI}.account", "logout", "Revoke the stored credential and forget it."),
    "whoami": Lazy(f"{CLI}.account", "whoami", "Show who the server takes you for."),
    "workspace": Lazy(f"{CLI}.workspace", "workspace", "Workspaces: the central place that a team shares."),
    "folder": Lazy(f"{CLI}.folder", "folder", "Folders of code that belong to a workspace."),
    "experiment": Lazy(f"{CLI}.experiment", "experiment", "Experiments: named groups of runs."),
    "run": Lazy(f"{CLI}.run", "run", "Runs: recorded executions with metrics, params, tags and artifacts."),
    "job": Lazy(f"{CLI}.run_jobs", "job", "Jobs: runs that were submitted, and where they are."),
    "sweep": Lazy(f"{CLI}.sweep", "sweep", "Sweeps: many runs of one command with different parameters."),
    "compute": Lazy(f"{CLI}.compute", "compute", "Compute targets: named places that run jobs."),
    "environment": Lazy(f"{CLI}.environment", "environment", "Environments: what code needs to run."),
    "artifact": Lazy(f"{CLI}.artifact", "artifact", "Artifacts: files that are kept with runs."),
    "model": Lazy(f"{CLI}.model", "model", "Models: registered models and their versions."),
    "trash": Lazy(f"{CLI}.trash", "trash", "The trash: deleted experiments, runs and logged models."),
    "datastore": Lazy(
        f"{CLI}.datastore", "datastore", "Datastores: named storage locations with their credentials."
    ),
    "dataset": Lazy(f"{CLI}.dataset", "dataset", "Datasets: registered data and their versions."),
    "secret": Lazy(f"{CLI}.secret", "secret", "Secrets: the workspace's key vault."),
    "alert": Lazy(f"{CLI}.alert", "alert", "Alerts: who is told when runs fail, log NaN or stand still."),
    "group": Lazy(f"{CLI}.group", "group", "Resource groups: what workspaces are kept together in."),
    "token": Lazy(f"{CLI}.token", "token", "Access tokens for programs."),
    "user": Lazy(f"{CLI}.user", "user", "Users who log in with a password or by single sign-on."),
    "team": Lazy(f"{CLI}.team", "team", "Teams: groups of people that roles are assigned to."),
    "service-account": Lazy(
        f"{CLI}.service_account", "service_account", "Service accounts: identities of programs."
    ),
    "role": Lazy(f"{CLI}.role", "role", "Roles: who may do what."),
    "audit": Lazy(f"{CLI}.audit", "audit", "The audit log: who did what, when, from where."),
    "config": Lazy(f"{CLI}.config", "config", "Your defaults for server, workspace and output."),
    "completion": Lazy(f"{CLI}.completion", "completion", "Print the completion script of a shell."),
    "admin": Lazy(f"{CLI}.admin", "admin", "What is done on a server's database itself."),
    "sync": Lazy(f"{CLI}.sync", "sync", "Send what was logged offline, or could not be sent."),
    "journal": Lazy(f"{CLI}.journal", "journal", "Journals: what was logged and is still to be sent."),
    "relay": Lazy(f"{CLI}.relay", "relay", "Listen for MLflow clients of any language, and journal."),
    "exec": Lazy(f"{CLI}.execute", "execute", "Run a command as a run, and keep what it prints."),
    "import": Lazy(
        f"{CLI}.transfer", "import_", "Import from MLflow, or an exported folder, keeping ids and times."
    ),
    "export": Lazy(f"{CLI}.transfer", "export", "Export the workspace to open files."),
    "demo": Lazy(f"{CLI}.demo", "demo", "A workspace full of made-up work, for looking around."),
    "db": Lazy(f"{CLI}.db", "db", "The database's schema."),
    "openapi": Lazy(f"{CLI}.openapi", "openapi", "Print the description of every route."),
}

main = root("runyard", COMMANDS, "A self-hosted machine-learning workspace that MLflow clients log to.")
