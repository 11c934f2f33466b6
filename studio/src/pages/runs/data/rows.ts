/** Rows that were read, by handle. Asks for what is in sight and missing; what was scrolled past is not waited for. */
import type { ColumnKeys, RunRow, WantedColumns } from "@/api/runs";
import { COLOR_TAG, type Column, cellId, metricId, paramId, tagId, wantedOf } from "@/lib/run-columns";

/** undefined: not known yet; null: the run has none. */
export type Cell = number | string | null | undefined;

export interface Row extends Omit<RunRow, "metrics" | "params" | "tags"> {
  cells: ReadonlyMap<string, Cell>;
}

export type ReadRows = (
  which: { handles: number[] } | { run_ids: string[] },
  columns: WantedColumns,
  signal: AbortSignal,
) => Promise<RunRow[]>;

const WINDOW = 100;
const AT_ONCE = 4;
/** A fast scroll asks when it slows down. */
const REST_MS = 60;
/** After an error. */
const AGAIN_MS = 3_000;
const MOST_KEPT = 30_000;

interface Request {
  handles: Set<number>;
  abort: AbortController;
}

export class Rows {
  private readonly rows = new Map<number, Row>();
  private readonly byRun = new Map<string, number>();
  /** Handles that the server no longer knows. */
  private readonly gone = new Set<number>();
  private readonly requests = new Set<Request>();
  private wanted: readonly number[] = [];
  private columns: readonly Column[] = [];
  /** Of the cells of these columns. */
  private ids: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastWant = 0;

  constructor(
    private readonly read: ReadRows,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  get(handle: number): Row | undefined {
    return this.rows.get(handle);
  }

  find(runId: string): Row | undefined {
    const handle = this.byRun.get(runId);
    return handle === undefined ? undefined : this.rows.get(handle);
  }

  /** Ids of the runs that somebody looks at. */
  inSight(): string[] {
    return this.wanted.flatMap((one) => this.rows.get(one)?.runId ?? []);
  }

  isGone(handle: number): boolean {
    return this.gone.has(handle);
  }

  /** Keeps rows that came with something else, such as the first of a table. */
  keep(found: readonly RunRow[], keys: ColumnKeys): void {
    const ids = {
      metrics: keys.metrics.map((one) => metricId(one.key, one.stat)),
      params: keys.params.map(paramId),
      tags: keys.tags.map(tagId),
    };
    for (const one of found) {
      const { metrics, params, tags, ...info } = one;
      const before = this.rows.get(one.handle);
      const cells = new Map(before?.version === one.version ? before.cells : undefined);
      metrics.forEach((value, i) => {
        cells.set(ids.metrics[i]!, value);
      });
      params.forEach((value, i) => {
        cells.set(ids.params[i]!, value);
      });
      tags.forEach((value, i) => {
        cells.set(ids.tags[i]!, value);
      });
      if (!cells.has(tagId(COLOR_TAG))) cells.set(tagId(COLOR_TAG), undefined);
      this.rows.set(one.handle, { ...info, cells });
      this.byRun.set(one.runId, one.handle);
    }
    this.forget();
  }

  /** Reads what of these rows and columns is not there. The last call counts: what it does not name is given up. */
  want(handles: readonly number[], columns: readonly Column[]): void {
    this.wanted = handles;
    if (columns !== this.columns) this.ids = idsOf(columns);
    this.columns = columns;
    clearTimeout(this.timer);
    const now = performance.now();
    const resting = now - this.lastWant > REST_MS;
    this.lastWant = now;
    if (resting) this.ask();
    else this.timer = setTimeout(() => this.ask(), REST_MS);
  }

  /** These runs changed: their cells are read again, now or when they come into sight. */
  stale(runIds: Iterable<string>): void {
    const handles = [...runIds].flatMap((id) => this.byRun.get(id) ?? []);
    const inSight = new Set(this.wanted);
    const seen = handles.filter((one) => inSight.has(one));
    for (const handle of handles) if (!inSight.has(handle)) this.drop(handle);
    for (let at = 0; at < seen.length; at += WINDOW)
      this.send(seen.slice(at, at + WINDOW), this.columns, true);
  }

  drop(handle: number): void {
    const row = this.rows.get(handle);
    if (row) this.byRun.delete(row.runId);
    this.rows.delete(handle);
  }

  /** What a person just did is shown before the server tells it. */
  change(runId: string, update: Partial<Omit<Row, "cells">>, cells: Record<string, Cell> = {}): void {
    const row = this.find(runId);
    if (!row) return;
    this.rows.set(row.handle, {
      ...row,
      ...update,
      cells: new Map([...row.cells, ...Object.entries(cells)]),
    });
    this.changed();
  }

  /** All of these rows, with these columns, wherever they are. For files and for what is done to many. */
  async all(
    handles: readonly number[],
    columns: readonly Column[],
    progress: (done: number) => void = () => undefined,
  ): Promise<Row[]> {
    const found: Row[] = [];
    const ids = idsOf(columns);
    for (let at = 0; at < handles.length; at += 500) {
      const part = handles.slice(at, at + 500);
      const missing = part.filter((one) => this.lacks(one, ids));
      if (missing.length > 0) {
        const wanted = wantedOf(columns);
        this.keep(
          await this.read({ handles: missing }, wanted, new AbortController().signal),
          keysOf(wanted),
        );
        for (const one of missing) if (!this.rows.has(one)) this.gone.add(one);
      }
      found.push(...part.flatMap((one) => this.rows.get(one) ?? []));
      progress(at + part.length);
    }
    return found;
  }

  close(): void {
    clearTimeout(this.timer);
    for (const one of this.requests) one.abort.abort();
  }

  private lacks(handle: number, ids: readonly string[]): boolean {
    if (this.gone.has(handle)) return false;
    const row = this.rows.get(handle);
    return row === undefined || ids.some((id) => row.cells.get(id) === undefined);
  }

  private ask(): void {
    const inSight = new Set(this.wanted);
    for (const one of this.requests)
      if (![...one.handles].some((handle) => inSight.has(handle))) one.abort.abort();
    const coming = new Set([...this.requests].flatMap((one) => [...one.handles]));
    const missing = this.wanted.filter((one) => !coming.has(one) && this.lacks(one, this.ids));
    for (let at = 0; at < missing.length && this.requests.size < AT_ONCE; at += WINDOW)
      this.send(missing.slice(at, at + WINDOW), this.columns, false);
  }

  private async send(handles: number[], columns: readonly Column[], again: boolean): Promise<void> {
    const known = handles.every((one) => this.rows.has(one));
    // Where rows only lack columns that were just chosen, only these are read.
    const lacking = columns.filter((column) =>
      handles.some((one) => this.rows.get(one)?.cells.get(cellId(column)) === undefined),
    );
    const wanted = wantedOf(known && !again ? lacking : columns);
    const request = { handles: new Set(handles), abort: new AbortController() };
    this.requests.add(request);
    let ok = false;
    try {
      const found = await this.read({ handles }, wanted, request.abort.signal);
      this.keep(found, keysOf(wanted));
      const there = new Set(found.map((one) => one.handle));
      for (const one of handles) if (!there.has(one)) this.gone.add(one);
      ok = true;
    } catch (error) {
      ok = request.abort.signal.aborted;
      if (!ok) {
        this.failed(error);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), AGAIN_MS);
      }
    } finally {
      this.requests.delete(request);
    }
    this.changed();
    if (ok) this.ask();
  }

  private forget(): void {
    if (this.rows.size <= MOST_KEPT) return;
    const inSight = new Set(this.wanted);
    for (const handle of this.rows.keys()) {
      if (this.rows.size <= MOST_KEPT * 0.8) break;
      if (!inSight.has(handle)) this.drop(handle);
    }
  }
}

const keysOf = (wanted: WantedColumns): ColumnKeys => ({
  metrics: wanted.metrics ?? [],
  params: wanted.params ?? [],
  tags: wanted.tags ?? [],
});

/** The colour is always among them. */
const idsOf = (columns: readonly Column[]): string[] => [
  tagId(COLOR_TAG),
  ...columns.filter((one) => one.kind !== "attribute").map(cellId),
];
