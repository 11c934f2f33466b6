/** The kinds of runs that overviews list, as the filter that finds them. Pure. */

export type RunKind = "latest" | "running" | "failed";

const DAY_MS = 86_400_000;
export const FAILED_DAYS = 7;

export function filterOf(kind: RunKind, now: number): string {
  if (kind === "running") return "attributes.status = 'RUNNING'";
  if (kind === "failed")
    return `attributes.status = 'FAILED' AND attributes.start_time > ${now - FAILED_DAYS * DAY_MS}`;
  return "";
}
