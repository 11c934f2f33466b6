/** Bars of runs and of groups of runs. Pure. */
import { type Column, grouped } from "@/lib/chart-values";

export interface Bar {
  key: string;
  /** null: it stands for several. */
  runId: string | null;
  name: string;
  color: string;
  value: number;
  /** Of the sample; 0 for one run. */
  deviation: number;
  n: number;
}

interface Named {
  runId: string;
  name: string;
  color: string;
}

const MOST_GROUPS = 40;
const GROUP_COLOR = "#0f8f86";

/** Greatest first; runs without a finite value are left out. `by`: groups in the order of what they are grouped by. */
export function barsOf(
  column: Column,
  by: Column | undefined,
  runs: readonly Named[],
  number: (value: number) => string,
): Bar[] {
  if (!by)
    return runs
      .flatMap((run, i): Bar[] => {
        const value = column.numbers[i] ?? Number.NaN;
        return Number.isFinite(value) ? [{ ...run, key: run.runId, value, deviation: 0, n: 1 }] : [];
      })
      .sort((a, b) => b.value - a.value);
  return grouped(by, MOST_GROUPS, number).flatMap(({ name, rows }): Bar[] => {
    const values = rows.map((i) => column.numbers[i]!).filter(Number.isFinite);
    if (values.length === 0) return [];
    const { mean, deviation } = spread(values);
    return [{ key: name, runId: null, name, color: GROUP_COLOR, value: mean, deviation, n: values.length }];
  });
}

/** Mean and the deviation of the sample. */
export function spread(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  if (values.length < 2) return { mean, deviation: 0 };
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
