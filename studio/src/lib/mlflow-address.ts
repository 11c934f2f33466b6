/** Addresses that MLflow prints, `…/#/experiments/1/runs/abc`, as Studio's. Pure. */

const ROUTE = /^#?\/experiments\/([^/?#]+)(?:\/runs\/([^/?#]+))?/;
const WORKSPACE = /^\/workspaces\/([^/]+)/;

/** The path of the page; null when the address is none of MLflow's. */
export function mlflowAddress(path: string, hash: string): string | null {
  const found = ROUTE.exec(hash);
  if (!found) return null;
  const workspace = WORKSPACE.exec(path)?.[1] ?? "default";
  const run = found[2] ? `/runs/${found[2]}` : "";
  return `/workspaces/${workspace}/experiments/${found[1]}${run}`;
}
