/** What the list of traces shows, in its address. */
import { anywhere } from "@/lib/filter-text";

export const STATES = ["all", "OK", "ERROR", "IN_PROGRESS"] as const;
export type State = (typeof STATES)[number];

export interface Shown {
  /** "": all experiments. */
  experiment: string;
  q: string;
  state: State;
  trace: string;
}

const text = (raw: unknown): string =>
  typeof raw === "string" ? raw : typeof raw === "number" ? String(raw) : "";

export function shownOf(search: Record<string, unknown>): Shown {
  return {
    experiment: /^\d{1,19}$/.test(text(search.experiment)) ? text(search.experiment) : "",
    q: text(search.q),
    state: STATES.find((one) => one === search.state) ?? "all",
    trace: text(search.trace),
  };
}

export function addressOf(shown: Shown): Record<string, string> {
  const { experiment, q, state, trace } = shown;
  return {
    ...(experiment ? { experiment } : {}),
    ...(q ? { q } : {}),
    ...(state === "all" ? {} : { state }),
    ...(trace ? { trace } : {}),
  };
}

/** In MLflow's grammar. */
export function filterOf({ q, state }: Shown): string {
  const wanted = q.trim();
  return [
    ...(wanted ? [`trace.text ILIKE ${anywhere(wanted)}`] : []),
    ...(state === "all" ? [] : [`status = '${state}'`]),
  ].join(" AND ");
}
