/** What is done to the rows of a dataset, in words. Pure. */
import type { Step } from "@/api/datasets";

export function stepText(step: Step): string {
  const columns = (step.columns ?? []).join(", ");
  switch (step.op) {
    case "keep":
      return `Keep the columns ${columns}`;
    case "drop":
      return `Leave out the columns ${columns}`;
    case "take":
      return `Take the first ${step.count ?? 0} rows`;
    case "skip":
      return `Skip the first ${step.count ?? 0} rows`;
    case "sample":
      return `Take ${((step.fraction ?? 0) * 100).toPrecision(3)} % of the rows by chance`;
    case "part":
      return `Take the rows whose chance lies from ${step.start ?? 0} to ${step.stop ?? 1}`;
    case "time":
      return `Take the rows of a stretch of time in ${columns}`;
    default:
      return step.op;
  }
}
