/** Addresses that MLflow prints, `…/#/experiments/1/runs/abc`, as Studio's. Pure. */

const ROUTE = /^#?\/experiments\/([^/?#]+)(?:\/runs\/([^/?#]+))?/;
const WORKSPACE = /^\/workspaces\/([^/]+)/;

/** The path of the page; null when the address is none of MLflow's. */
export function mlflowAddress(path: string, hash: string): string | null {
  const found = ROUTE.exec(hash);
  if (!found) return null;
  const workspace = WORKSPACE.exec(path)?.[1] ?? "default";
  const run = found[2] ? `/runs/${found[2]}` : "";
  // Clients without a server make such ids from names; a run has the id that it keeps.
  if (!run && found[1]!.startsWith("offline-")) return `/workspaces/${workspace}/experiments`;
  return `/workspaces/${workspace}/experiments/${found[1]}${run}`;
}
