/** Which jobs are listed, in the page's address. Pure. */
import type { JobFilter } from "@/api/jobs";
import { JOB_STATES, type JobState } from "@/lib/job-state";

/** active: all that are not done. */
export type Which = "active" | "all" | JobState;

export interface Shown {
  which: Which;
  /** "": all. */
  target: string;
  person: string;
  /** Trials of sweeps are listed, too. */
  trials: boolean;
}

const text = (raw: unknown): string =>
  typeof raw === "string" ? raw : typeof raw === "number" || typeof raw === "boolean" ? String(raw) : "";

export const shownOf = (search: Record<string, unknown>): Shown => ({
  which: search.state === "active" ? "active" : (JOB_STATES.find((one) => one === search.state) ?? "all"),
  target: text(search.target),
  person: text(search.person),
  trials: search.trials === 1,
});

export const addressOf = ({ which, target, person, trials }: Shown): Record<string, string | number> => ({
  ...(which === "all" ? {} : { state: which }),
  ...(target ? { target } : {}),
  ...(person ? { person } : {}),
  ...(trials ? { trials: 1 } : {}),
});

export const filterOf = ({ which, target, person, trials }: Shown): JobFilter => ({
  ...(which === "active" ? { active: true } : which === "all" ? {} : { state: which }),
  ...(target ? { target } : {}),
  ...(person ? { submitted_by: person } : {}),
  ...(trials ? {} : { nested: false }),
});
