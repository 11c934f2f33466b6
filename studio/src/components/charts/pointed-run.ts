/** The run that the pointer is on, in a table or in a chart: what else shows it marks it. */
import { useSyncExternalStore } from "react";

let pointed: string | null = null;
const listeners = new Set<() => void>();

export function pointAtRun(runId: string | null): void {
  if (pointed === runId) return;
  pointed = runId;
  for (const tell of listeners) tell();
}

export const pointedRun = (): string | null => pointed;

export function onPointedRun(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function usePointedRun(): string | null {
  return useSyncExternalStore(onPointedRun, pointedRun);
}
