import { Link } from "@tanstack/react-router";
import { SUBMITTER } from "@/lib/job-state";

/** Leads to a compute target; the machine that submitted is none. */
export function TargetLink({ workspace, target }: { workspace: string; target: string }) {
  if (target === SUBMITTER)
    return (
      <span className="quiet" title="The machine that submitted it">
        {target}
      </span>
    );
  return (
    <Link
      to="/workspaces/$workspace/compute"
      params={{ workspace }}
      search={{ name: target }}
      className="ellipsis"
      title={target}
    >
      {target}
    </Link>
  );
}
