/** The runs that a question finds, in order: the first page at once, the rest in the background. */
import type { RunsAsked, RunsPage, WantedColumns } from "@/api/runs";

export interface Question {
  experiment_ids: string[];
  filter: string;
  order_by: string[];
  view: "active" | "deleted" | "all";
}

export type ReadPage = (asked: RunsAsked, signal: AbortSignal) => Promise<RunsPage>;

const FIRST = 1_000;
const MORE = 20_000;
/** First what came is drawn. */
const REST_AFTER_MS = 60;
const FIRST_ROWS = 60;
/** More are neither scrolled nor listed. */
export const MOST_LISTED = 1_000_000;

export class RunList {
  handles: number[] = [];
  /** null: not known. */
  total: number | null = null;
  state: "waiting" | "ready" | "broken" = "waiting";
  error: unknown = null;
  /** The rest is there, too. */
  whole = false;
  private abort = new AbortController();

  constructor(
    readonly question: Question,
    private readonly read: ReadPage,
    private readonly came: (page: RunsPage) => void,
    private readonly changed: () => void,
    /** What is there stays, but it may be old, or not all. */
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Reads from the start. `rest`: and goes on to the end. */
  async load(columns: WantedColumns, rest = true): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    try {
      const page = await this.page(columns, FIRST, FIRST_ROWS, null, signal);
      this.came(page);
      this.handles = page.handles;
      this.total = page.total;
      this.whole = page.next === null;
      this.state = "ready";
      this.changed();
      if (rest && page.next !== null) {
        await new Promise((done) => setTimeout(done, REST_AFTER_MS));
        await this.rest(page.next, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (this.state === "ready") return this.failed(error);
      this.state = "broken";
      this.error = error;
      this.changed();
    }
  }

  /** Runs came, changed or went: the first page anew, before what follows it. */
  async refresh(columns: WantedColumns): Promise<void> {
    if (this.state !== "ready" || (this.handles.length <= FIRST && this.whole)) return this.load(columns);
    const { signal } = this.abort;
    try {
      const page = await this.page(columns, FIRST, FIRST_ROWS, null, signal);
      if (signal.aborted) return;
      this.came(page);
      const first = new Set(page.handles);
      this.handles = [...page.handles, ...this.handles.filter((one) => !first.has(one))];
      if (page.total !== null) this.total = page.total;
      this.changed();
    } catch (error) {
      if (!signal.aborted) this.failed(error);
    }
  }

  without(handles: ReadonlySet<number>): void {
    const before = this.handles.length;
    this.handles = this.handles.filter((one) => !handles.has(one));
    if (this.total !== null) this.total -= before - this.handles.length;
  }

  close(): void {
    this.abort.abort();
  }

  private async rest(next: string | null, signal: AbortSignal): Promise<void> {
    let token = next;
    while (token !== null && !signal.aborted && this.handles.length < MOST_LISTED) {
      const page: RunsPage = await this.page({ info: false }, MORE, 0, token, signal);
      const here = new Set(this.handles);
      this.handles = [...this.handles, ...page.handles.filter((one) => !here.has(one))];
      token = page.next;
      this.whole = token === null;
      if (this.whole) this.total = this.handles.length;
      this.changed();
    }
  }

  private page(columns: WantedColumns, max: number, rows: number, token: string | null, signal: AbortSignal) {
    return this.read({ ...this.question, max_results: max, page_token: token, rows, columns }, signal);
  }
}
