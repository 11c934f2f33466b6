/** Which runs the charts of a page show: chosen in the table, drawn by the charts. */
import { createContext, useContext } from "react";
import type { RunStatus } from "@/components/Status";

/** At most so many runs are drawn. */
export const MOST_SHOWN = 1_000;

export interface ShownRun {
  runId: string;
  experimentId: string;
  /** Never empty: the id stands for a name that is. */
  name: string;
  status: RunStatus;
  color: string;
  /** NaN: none. */
  startMs: number;
  endMs: number;
}

/** Runs that have the same values of what the table is grouped by. */
export interface ShownGroup {
  name: string;
  color: string;
  /** Those among the shown runs, in order. */
  runIds: string[];
}

export interface ShownRuns {
  workspace: string;
  /** Empty: all of the workspace. */
  experimentIds: string[];
  filter: string;
  /** Visible runs in the table's order, at most MOST_SHOWN. The same array while nothing of it changes. */
  runs: readonly ShownRun[];
  /** How many runs the filter finds; null: not known yet. */
  total: number | null;
  /** Runs that somebody hid by hand. */
  hidden: ReadonlySet<string>;
  colorOf: (runId: string) => string;
  nameOf: (runId: string) => string;
  /** null: the table is not grouped. */
  groups: readonly ShownGroup[] | null;
  /** The order and the first rows are not there yet. */
  waiting: boolean;
  /** Hides or shows one, as its eye in the table does. */
  setVisible: (runId: string, visible: boolean) => void;
}

const Shown = createContext<ShownRuns | null>(null);
export const ShownRunsProvider = Shown.Provider;

/** Only below a ShownRunsProvider: the pages of runs have one. */
export function useShownRuns(): ShownRuns {
  const shown = useContext(Shown);
  if (shown === null) throw new Error("No runs are shown here.");
  return shown;
}

export { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
