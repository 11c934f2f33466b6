/** One value per run: metrics, params and tags as columns of a chart. Pure. */

export const REF_KINDS = ["m", "min", "max", "p", "t"] as const;
export type RefKind = (typeof REF_KINDS)[number];

export interface Ref {
  kind: RefKind;
  key: string;
}

/** `m:loss` → the last loss; null: it names none. */
export function refOf(text: string): Ref | null {
  const at = text.indexOf(":");
  const kind = REF_KINDS.find((one) => one === text.slice(0, at));
  return kind ? { kind, key: text.slice(at + 1) } : null;
}

const WORDS: Record<RefKind, string> = { m: "", min: " (min)", max: " (max)", p: "", t: "" };

export const refName = (text: string): string => {
  const ref = refOf(text);
  return ref ? ref.key + WORDS[ref.kind] : "";
};

/** Values of runs, in their order. */
export interface Column {
  name: string;
  /** NaN: none. Of texts: their places among the categories. */
  numbers: Float64Array;
  /** Different texts, in order; null: these are numbers. */
  categories: string[] | null;
  /** All above zero and far apart, as learning rates are. */
  wide: boolean;
}

const FAR_APART = 50;
const order = new Intl.Collator("en", { numeric: true });

function widely(numbers: Float64Array): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const one of numbers) {
    if (!Number.isFinite(one)) continue;
    if (one <= 0) return false;
    low = Math.min(low, one);
    high = Math.max(high, one);
  }
  return high > low * FAR_APART;
}

export function numberColumn(name: string, values: readonly (number | null)[]): Column {
  const numbers = Float64Array.from(values, (one) => one ?? Number.NaN);
  return { name, numbers, categories: null, wide: widely(numbers) };
}

/** Texts; where all are numbers, as numbers. */
export function textColumn(name: string, values: readonly (string | null)[]): Column {
  const there = values.filter((one): one is string => one !== null);
  if (there.length > 0 && there.every((one) => one.trim() !== "" && Number.isFinite(Number(one))))
    return numberColumn(
      name,
      values.map((one) => (one === null ? null : Number(one))),
    );
  const categories = [...new Set(there)].sort(order.compare);
  const places = new Map(categories.map((one, i) => [one, i]));
  const numbers = Float64Array.from(values, (one) => (one === null ? Number.NaN : places.get(one)!));
  return { name, numbers, categories, wide: false };
}

/** A run's value as text. */
export function textOf(column: Column, i: number, number: (value: number) => string): string {
  const value = column.numbers[i]!;
  if (column.categories) return Number.isNaN(value) ? "–" : (column.categories[value] ?? "–");
  return Number.isNaN(value) ? "–" : number(value);
}

/** Runs with the same value of a column, in order; those without one are left out. Numbers with many values are cut into ranges. */
export function grouped(
  column: Column,
  most: number,
  number: (value: number) => string,
): { name: string; rows: number[] }[] {
  const found = new Map<number, number[]>();
  column.numbers.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const rows = found.get(value);
    if (rows) rows.push(i);
    else found.set(value, [i]);
  });
  const sorted = [...found].sort((a, b) => a[0] - b[0]);
  if (sorted.length <= most || column.categories)
    return sorted
      .slice(0, most)
      .map(([value, rows]) => ({ name: column.categories?.[value] ?? number(value), rows }));
  const per = Math.ceil(sorted.length / most);
  const made: { name: string; rows: number[] }[] = [];
  for (let i = 0; i < sorted.length; i += per) {
    const part = sorted.slice(i, i + per);
    const low = number(part[0]![0]);
    const high = number(part[part.length - 1]![0]);
    made.push({ name: low === high ? low : `${low} … ${high}`, rows: part.flatMap(([, rows]) => rows) });
  }
  return made;
}
