/** Colours of runs: the same run has the same colour everywhere, neighbours in a list differ. Pure. */

// Twelve hues that keep 3:1 against both grounds and stay apart for the common kinds of colour blindness.
export const RUN_COLORS = [
  "#2f7ed8",
  "#e8590c",
  "#2b9348",
  "#c92f63",
  "#7550ea",
  "#0c8599",
  "#b08900",
  "#e64980",
  "#5c940d",
  "#ae3ec9",
  "#9a6240",
  "#6c7a84",
] as const;

/** The colour of a run whose colour nobody chose. */
export function colorOf(runId: string): string {
  let hash = 2166136261;
  for (let i = 0; i < runId.length; i++) hash = Math.imul(hash ^ runId.charCodeAt(i), 16777619);
  return RUN_COLORS[(hash >>> 0) % RUN_COLORS.length]!;
}
