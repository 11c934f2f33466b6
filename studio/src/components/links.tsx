/** Links to records, by what they are called. */
import { Link } from "@tanstack/react-router";

export function RunLink({
  workspace,
  experiment,
  run,
  name,
}: {
  workspace: string;
  experiment: string;
  run: string;
  name: string;
}) {
  return (
    <Link
      to="/workspaces/$workspace/experiments/$experiment/runs/$run"
      params={{ workspace, experiment, run }}
      className="ellipsis"
      title={name || run}
    >
      {name || run}
    </Link>
  );
}

export function ExperimentLink({
  workspace,
  experiment,
  name,
}: {
  workspace: string;
  experiment: string;
  name: string;
}) {
  return (
    <Link
      to="/workspaces/$workspace/experiments/$experiment"
      params={{ workspace, experiment }}
      className="ellipsis"
      title={name}
    >
      {name}
    </Link>
  );
}
