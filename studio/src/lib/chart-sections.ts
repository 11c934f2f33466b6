/** Metrics in sections by the first part of their names. Pure. */
export interface Section {
  name: string;
  metrics: string[];
}

export const PINNED = "Pinned";
export const PLAIN = "Metrics";

/** `train/loss` → `train`; a name without parts belongs to `Metrics`. */
export function sectionOf(metric: string): string {
  const place = metric.indexOf("/");
  return place > 0 ? metric.slice(0, place) : PLAIN;
}

/** Whether a section is open when nobody turned it. */
export const openAtFirst = (name: string): boolean => name !== "system";

/** Whether a name is what somebody looks for: all words occur in it; `/…/` is a regular expression. */
export function finder(find: string): (metric: string) => boolean {
  const text = find.trim();
  const pattern = /^\/(.+)\/$/.exec(text)?.[1];
  if (pattern !== undefined) {
    try {
      const made = new RegExp(pattern, "i");
      return (metric) => made.test(metric);
    } catch {
      return () => false;
    }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (metric) => {
    const low = metric.toLowerCase();
    return words.every((word) => low.includes(word));
  };
}

const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Pinned metrics first, then names without parts, then by name; system metrics last. Only what is looked for. */
export function sections(metrics: readonly string[], find: string, pinned: readonly string[]): Section[] {
  const wanted = metrics.filter(finder(find));
  const there = new Set(wanted);
  const found = new Map<string, string[]>();
  for (const metric of [...wanted].sort(order.compare)) {
    const name = sectionOf(metric);
    const list = found.get(name);
    if (list) list.push(metric);
    else found.set(name, [metric]);
  }
  const rank = (name: string) => (name === PLAIN ? 0 : name === "system" ? 2 : 1);
  const made = [...found]
    .map(([name, list]) => ({ name, metrics: list }))
    .sort((a, b) => rank(a.name) - rank(b.name) || order.compare(a.name, b.name));
  const first = pinned.filter((metric) => there.has(metric));
  return first.length ? [{ name: PINNED, metrics: first }, ...made] : made;
}
