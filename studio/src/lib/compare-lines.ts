/** What runs have side by side: which lines differ, which value is best, how far another one is from it. Pure. */
import { number } from "@/lib/format";
import { better } from "@/lib/run-columns";

export type LineKind = "info" | "param" | "metric" | "tag";
export type Cell = string | number | null;
export type Better = "min" | "max";

export interface Line {
  kind: LineKind;
  key: string;
  /** One per run. */
  cells: readonly Cell[];
  differs: boolean;
  /** Which values of a metric are better; null: neither. */
  better: Better | null;
  /** The places of the best values, where more than one value is known and not all are the same. */
  best: ReadonlySet<number>;
}

/** Metrics that say how a run went and not how good it is. */
const NEITHER =
  /^system\/|(^|[_/. -])(epochs?|steps?|iterations?|lr|learning[_ ]?rate|(grad|weight|param)[_ ]?norm|tokens?)$/i;

/** `turned`: metrics for which the opposite of what their names say is better. */
export function lineOf(
  kind: LineKind,
  key: string,
  cells: readonly Cell[],
  turned: ReadonlySet<string>,
): Line {
  const differs = cells.some((one) => !Object.is(one, cells[0] ?? null));
  if (kind !== "metric" || NEITHER.test(key)) return { kind, key, cells, differs, better: null, best: NONE };
  const usual = better(key);
  const wanted: Better = turned.has(key) ? (usual === "min" ? "max" : "min") : usual;
  return { kind, key, cells, differs, better: wanted, best: differs ? bestOf(cells, wanted) : NONE };
}

const NONE: ReadonlySet<number> = new Set();

function bestOf(cells: readonly Cell[], wanted: Better): ReadonlySet<number> {
  let best: number | null = null;
  let worse = false;
  for (const one of cells) {
    if (typeof one !== "number" || Number.isNaN(one)) continue;
    if (best === null) best = one;
    else if (one !== best) {
      worse = true;
      if (wanted === "min" ? one < best : one > best) best = one;
    }
  }
  if (best === null || !worse) return NONE;
  return new Set(cells.flatMap((one, i) => (one === best ? [i] : [])));
}

/** A number as it is, or as a text that is a number. */
export function numeric(cell: Cell): number | null {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
  if (cell === null || !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(cell)) return null;
  const found = Number(cell);
  return Number.isFinite(found) ? found : null;
}

/** How far a value is from the one it is compared with: "+0.12 (+4.1%)". Empty: nothing to say. */
export function distance(cell: Cell, from: Cell): string {
  const a = numeric(from);
  const b = numeric(cell);
  if (a === null || b === null || a === b) return "";
  const step = b - a;
  const signed = (value: number, text: string) => (value > 0 ? `+${text}` : text);
  const share = (step / Math.abs(a)) * 100;
  const percent =
    a === 0 || Math.abs(share) >= 1_000 ? "" : ` (${signed(share, number(Number(share.toPrecision(2))))}%)`;
  return `${signed(step, number(Number(step.toPrecision(4))))}${percent}`;
}

export interface Wanted {
  /** Only lines in which runs differ. */
  only: boolean;
  /** A part of the key. */
  find: string;
  kinds: ReadonlySet<LineKind>;
}

/** The lines to show: some run has a value, and they are asked for. */
export function wantedLines(lines: readonly Line[], { only, find, kinds }: Wanted): Line[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return lines.filter(
    (one) =>
      kinds.has(one.kind) &&
      (one.differs || !only) &&
      one.cells.some((cell) => cell !== null) &&
      words.every((word) => one.key.toLowerCase().includes(word)),
  );
}
