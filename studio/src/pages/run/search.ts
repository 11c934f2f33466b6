/** What the page of a run shows, in its address. Whatever an address holds gives a usable page. */
export const TABS = [
  "overview",
  "trials",
  "charts",
  "system",
  "artifacts",
  "logs",
  "code",
  "traces",
] as const;
export type Tab = (typeof TABS)[number];

/** The parts that a run has: trials are those of sweeps. */
export const tabsOf = (job: { kind: string } | null): readonly Tab[] =>
  TABS.filter((one) => one !== "trials" || job?.kind === "sweep");

export interface RunSearch {
  tab: Tab;
  /** The artifact that is looked at: a file or a directory, without a slash at its ends. */
  path: string;
  /** The logged model whose files are looked at; "": those of the run. */
  model: string;
  /** The log that is read; "": the first one. */
  log: string;
  trace: string;
}

const text = (raw: unknown): string =>
  typeof raw === "string" ? raw : typeof raw === "number" ? String(raw) : "";

export function searchOf(raw: Record<string, unknown>): RunSearch {
  const tab = TABS.find((one) => one === raw.tab);
  return {
    tab: tab ?? "overview",
    path: text(raw.path).replace(/^\/+|\/+$/g, ""),
    model: text(raw.model),
    log: text(raw.log),
    trace: text(raw.trace),
  };
}

/** What is as at first is left out; other params, such as those of charts, stay. */
export function addressOf(
  before: Record<string, unknown>,
  change: Partial<RunSearch>,
): Record<string, unknown> {
  const { tab, path, model, log, trace } = { ...searchOf(before), ...change };
  const next: Record<string, unknown> = { ...before, tab, path, model, log, trace };
  if (tab === "overview") delete next.tab;
  for (const name of ["path", "model", "log", "trace"]) if (next[name] === "") delete next[name];
  return next;
}
