/** What a new chart shows at first, so that it is never empty. Pure. */
import type { RunKey } from "@/api/run-keys";
import type { PanelKind } from "@/lib/chart-state";

const OWN_TAG = /^mlflow\./;
const SYSTEM = /^system\//;
const MOST_AXES = 4;

/** The columns of a new chart from the names that its runs have; one's own metrics come before the machine's. */
export function firstOf(kind: PanelKind, keys: readonly RunKey[]): string[] {
  const named = (of: RunKey["kind"]) => keys.filter((one) => one.kind === of).map((one) => one.key);
  const all = named("metric");
  const metrics = [...all.filter((one) => !SYSTEM.test(one)), ...all.filter((one) => SYSTEM.test(one))];
  const params = named("param").map((one) => `p:${one}`);
  const tags = named("tag").filter((one) => !OWN_TAG.test(one));
  const values = metrics.map((one) => `m:${one}`);
  const [value] = values;
  const groups = [...params, ...tags.map((one) => `t:${one}`)];
  switch (kind) {
    case "line":
      return values.slice(0, 2);
    case "bar":
      return value ? [value] : [];
    case "box":
      return value && groups[0] ? [value, groups[0]] : [];
    case "scatter":
      return [...params.slice(0, values.length > 1 ? 0 : 1), ...values].slice(0, 2);
    case "contour":
      return [...params, ...values.slice(1)].length > 1 && value
        ? [...[...params, ...values.slice(1)].slice(0, 2), value]
        : [];
    case "parallel":
      return value
        ? [...params.slice(0, MOST_AXES), ...values.slice(1, params.length ? 1 : MOST_AXES), value]
        : [];
    default:
      return [];
  }
}
