/** What a table of runs asks the server, from what a person chose. MLflow's grammar has no OR. Pure. */
import { type RunStatus, STATUS } from "@/components/Status";
import { anywhere, quoted } from "@/lib/filter-text";
import { ATTRIBUTES, type Column, columnOf, PARENT_TAG, statAsked, TEXT_LIMIT } from "@/lib/run-columns";

export const SINCE = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 } as const;
export type Since = keyof typeof SINCE;

const LOOKS_LIKE_FILTER = /[=<>]|\b(i?like|rlike|in|is)\b/i;
const ticked = (name: string): string => `\`${name.replaceAll("`", "")}\``;

/** Words that hold no comparison look for runs by name or id. */
export function asFilter(text: string): string {
  const plain = text.trim();
  if (plain === "" || LOOKS_LIKE_FILTER.test(plain)) return plain;
  if (/^[0-9a-f]{32}$/.test(plain)) return `attributes.run_id = '${plain}'`;
  return `attributes.run_name ILIKE ${anywhere(plain)}`;
}

/** One more comparison; words that look for a name become one themselves. */
export function withTerm(text: string, term: string): string {
  const before = asFilter(text);
  return before.includes(term.trim()) ? before : and(before, term);
}

/** Runs in one of these states. */
export function ofStatus(chosen: readonly RunStatus[]): string {
  if (chosen.length === 0) return "";
  if (chosen.length === 1) return `attributes.status = '${chosen[0]}'`;
  return Object.values(STATUS)
    .filter((one) => !chosen.includes(one))
    .map((one) => `attributes.status != '${one}'`)
    .join(" AND ");
}

export const and = (...terms: readonly string[]): string => terms.filter((one) => one !== "").join(" AND ");

/** The moment is rounded to a sixtieth of the time, so that the question stays the same for a while. */
export function since(span: Since | null, now: number): string {
  if (span === null) return "";
  const step = SINCE[span] / 60;
  return `attributes.start_time > ${Math.floor((now - SINCE[span]) / step) * step}`;
}

export const topLevel = `tags.\`${PARENT_TAG}\` IS NULL`;
export const childrenOf = (runId: string): string => `tags.\`${PARENT_TAG}\` = '${runId}'`;

/** The name of a column in the grammar; null for what the server does not know. */
export function nameOf(column: Column): string | null {
  if (column.kind === "attribute") {
    const order = ATTRIBUTES[column.key].order;
    return order === null ? null : `attributes.${order}`;
  }
  if (column.kind !== "metric") return `${column.kind}s.${ticked(column.key)}`;
  const stat = statAsked(column.stat, column.key);
  return `metrics.${ticked(column.key)}${stat === "last" ? "" : `.${stat}`}`;
}

export interface Sort {
  id: string;
  down: boolean;
}

/** Of an address: "-m.last.loss" is loss, largest first. */
export function sortOf(text: string): Sort | null {
  const down = text.startsWith("-");
  const id = down ? text.slice(1) : text;
  const column = columnOf(id);
  return column === null || nameOf(column) === null ? null : { id, down };
}

export const sortText = (sort: Sort): string => (sort.down ? `-${sort.id}` : sort.id);

export function orderBy(sorts: readonly Sort[]): string[] {
  const names = new Map<string, string>();
  for (const sort of sorts) {
    const column = columnOf(sort.id);
    const name = column && nameOf(column);
    if (name && !names.has(name)) names.set(name, `${name} ${sort.down ? "DESC" : "ASC"}`);
  }
  return [...names.values()];
}

/** Comparisons that a cell offers: what the menu says, and the term. */
export function quickFilters(
  column: Column,
  value: number | string | null,
): { says: string; term: string }[] {
  const name = nameOf(column);
  if (name === null) return [];
  if (value === null) {
    if (column.kind !== "param" && column.kind !== "tag") return [];
    return [
      { says: "has none", term: `${name} IS NULL` },
      { says: "has one", term: `${name} IS NOT NULL` },
    ];
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return [];
    return [
      { says: "≥ this", term: `${name} >= ${value}` },
      { says: "≤ this", term: `${name} <= ${value}` },
      { says: "is this", term: `${name} = ${value}` },
      { says: "is not this", term: `${name} != ${value}` },
    ];
  }
  const cut = value.length >= TEXT_LIMIT && value.endsWith("…");
  if (cut) return [{ says: "begins like this", term: `${name} LIKE ${quoted(`${value.slice(0, 200)}%`)}` }];
  const terms = [
    { says: "is this", term: `${name} = ${quoted(value)}` },
    { says: "is not this", term: `${name} != ${quoted(value)}` },
  ];
  const start = value.split(/[-_/ ]/)[0] ?? "";
  if (column.kind === "attribute" && column.key === "status") return terms;
  if (start !== "" && start !== value)
    terms.push({ says: `starts with ${start}`, term: `${name} LIKE ${quoted(`${start}%`)}` });
  return terms;
}
