/** What a page of charts shows, as its address holds it in `c`: short names, nothing that is as it always is. Pure. */

/** `step`, `time`, `relative`, or `metric:NAME`. */
export type XAxis = "step" | "time" | "relative" | `metric:${string}`;
export type Smoothing = "ema" | "gauss";
export type Size = "s" | "m" | "l";
export const PANEL_KINDS = [
  "line",
  "bar",
  "scatter",
  "parallel",
  "contour",
  "box",
  "images",
  "difference",
] as const;
export type PanelKind = (typeof PANEL_KINDS)[number];

/** What one chart has of its own. */
export interface ChartSettings {
  log?: boolean;
  /** The ends of the y axis; null: by the data. */
  y?: [number | null, number | null];
  /** How many columns it takes. */
  wide?: number;
  /** In pixels. */
  high?: number;
  /** As a table. */
  table?: boolean;
}

/** Kinds that need more room than one column. */
export const WIDE_KINDS: ReadonlySet<PanelKind> = new Set(["parallel", "images", "difference"]);

/** A chart that somebody added. */
export interface Panel {
  id: string;
  kind: PanelKind;
  /** What it is made of: `m:` `min:` `max:` and a metric, `p:` a param, `t:` a tag, `i:` images; the places mean what its kind says. Empty: not chosen. */
  of: string[];
}

export interface ChartsState {
  x: XAxis;
  logX: boolean;
  /** 0: none, up to 0.999. */
  smooth: number;
  how: Smoothing;
  /** Of the x axis, in its unit. */
  zoom: [number, number] | null;
  find: string;
  pinned: string[];
  /** Sections that are not as they are at first: those named `system` are closed, others open. */
  turned: string[];
  size: Size;
  /** The y axis leaves out the farthest 2 % of values. */
  calm: boolean;
  /** Draw each run although the table is grouped. */
  single: boolean;
  each: Record<string, ChartSettings>;
  panels: Panel[];
}

export const AT_FIRST: ChartsState = {
  x: "step",
  logX: false,
  smooth: 0,
  how: "ema",
  zoom: null,
  find: "",
  pinned: [],
  turned: [],
  size: "m",
  calm: false,
  single: false,
  each: {},
  panels: [],
};

const MOST = { pinned: 100, turned: 200, panels: 40, each: 300, of: 30, text: 600 };
export const SMOOTHEST = 0.999;
export const HEIGHTS = { least: 140, usual: 250, most: 900 };

type Raw = Record<string, unknown>;

const record = (raw: unknown): Raw =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Raw) : {};
const finite = (raw: unknown): number | null =>
  typeof raw === "number" && Number.isFinite(raw) ? raw : null;

function texts(raw: unknown, most: number): string[] {
  if (!Array.isArray(raw)) return [];
  const found = raw.filter((one): one is string => typeof one === "string" && one.length <= MOST.text);
  return [...new Set(found)].slice(0, most);
}

function axis(raw: unknown): XAxis {
  if (raw === "time" || raw === "relative") return raw;
  return typeof raw === "string" && raw.startsWith("metric:") && raw.length > 7 ? (raw as XAxis) : "step";
}

function span(raw: unknown): [number, number] | null {
  if (!Array.isArray(raw)) return null;
  const from = finite(raw[0]);
  const to = finite(raw[1]);
  return from !== null && to !== null && from < to ? [from, to] : null;
}

function settings(raw: unknown): ChartSettings {
  const { l, y, w, h, t } = record(raw);
  const made: ChartSettings = {};
  if (l === 1) made.log = true;
  if (Array.isArray(y) && (finite(y[0]) !== null || finite(y[1]) !== null))
    made.y = [finite(y[0]), finite(y[1])];
  const wide = finite(w);
  if (wide !== null && wide >= 1) made.wide = Math.min(4, Math.floor(wide));
  const high = finite(h);
  if (high !== null) made.high = Math.round(Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, high)));
  if (t === 1) made.table = true;
  return made;
}

function panel(raw: unknown, place: number): Panel[] {
  const { k, o, i } = record(raw);
  const kind = PANEL_KINDS.find((one) => one === k);
  if (!kind) return [];
  const of = Array.isArray(o)
    ? o
        .slice(0, MOST.of)
        .map((one) => (typeof one === "string" && /^(m|min|max|p|t|i):/.test(one) ? one : ""))
    : [];
  return [{ id: typeof i === "string" && i.length <= 40 ? i : `p${place}`, kind, of }];
}

/** The state that an address holds; whatever makes no sense in it is as it is at first. */
export function chartsState(raw: unknown): ChartsState {
  const { x, lx, s, sm, z, f, p, t, w, o, g, e, n } = record(raw);
  const smooth = finite(s);
  const each: Record<string, ChartSettings> = {};
  for (const [name, one] of Object.entries(record(e)).slice(0, MOST.each)) {
    const made = settings(one);
    if (Object.keys(made).length > 0) each[name] = made;
  }
  const panels = Array.isArray(n) ? n.slice(0, MOST.panels).flatMap(panel) : [];
  const ids = new Set<string>();
  return {
    x: axis(x),
    logX: lx === 1,
    smooth: smooth === null ? 0 : Math.min(SMOOTHEST, Math.max(0, smooth)),
    how: sm === "gauss" ? "gauss" : "ema",
    zoom: span(z),
    find: typeof f === "string" ? f.slice(0, MOST.text) : typeof f === "number" ? String(f) : "",
    pinned: texts(p, MOST.pinned),
    turned: texts(t, MOST.turned),
    size: w === "s" || w === "l" ? w : "m",
    calm: o === 1,
    single: g === 1,
    each,
    panels: panels.filter((one) => !ids.has(one.id) && ids.add(one.id)),
  };
}

/** The search param `c`; undefined where all is as it is at first. `chartsState` reads it back. */
export function chartsParam(state: ChartsState): Raw | undefined {
  const made: Raw = {};
  if (state.x !== "step") made.x = state.x;
  if (state.logX) made.lx = 1;
  if (state.smooth > 0) made.s = state.smooth;
  if (state.how !== "ema") made.sm = state.how;
  if (state.zoom) made.z = state.zoom;
  if (state.find) made.f = state.find;
  if (state.pinned.length) made.p = state.pinned;
  if (state.turned.length) made.t = state.turned;
  if (state.size !== "m") made.w = state.size;
  if (state.calm) made.o = 1;
  if (state.single) made.g = 1;
  if (state.panels.length) made.n = state.panels.map(({ id, kind, of }) => ({ i: id, k: kind, o: of }));
  const each: Raw = {};
  for (const [name, one] of Object.entries(state.each)) {
    const short: Raw = {};
    if (one.log) short.l = 1;
    if (one.y) short.y = one.y;
    if (one.wide) short.w = one.wide;
    if (one.high) short.h = one.high;
    if (one.table) short.t = 1;
    if (Object.keys(short).length) each[name] = short;
  }
  if (Object.keys(each).length) made.e = each;
  return Object.keys(made).length ? made : undefined;
}

/** The state with other settings of one chart. */
export function withSettings(state: ChartsState, name: string, change: Partial<ChartSettings>): ChartsState {
  return { ...state, each: { ...state.each, [name]: { ...state.each[name], ...change } } };
}

/** An id that no panel has yet. */
export function freshId(panels: readonly Panel[]): string {
  const taken = new Set(panels.map((one) => one.id));
  let place = panels.length + 1;
  while (taken.has(`p${place}`)) place += 1;
  return `p${place}`;
}

/** The panels with one of them so many places further. */
export function movedPanel(panels: readonly Panel[], id: string, by: number): Panel[] {
  const from = panels.findIndex((one) => one.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= panels.length) return [...panels];
  const left = panels.filter((one) => one.id !== id);
  left.splice(to, 0, panels[from]!);
  return left;
}
