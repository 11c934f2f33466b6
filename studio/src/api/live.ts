/** What changes in a workspace while one looks at it: one stream of server-sent events for the whole page. */
import { useEffect, useRef } from "react";
import { suspectAway } from "@/api/away";
import { address } from "@/api/http";

export interface RunChange {
  run_id: string;
  experiment_id: string;
  kinds: ("points" | "info" | "created" | "deleted" | "logs")[];
}

export type Change =
  | { type: "runs"; runs: RunChange[]; many: string[] }
  | { type: "experiments" }
  /** The stream was away for a while: whatever one shows may be old. */
  | { type: "resumed" };

/** Traces of these experiments have changed; "all": any may have. */
type TracesChange = { type: "traces"; experimentIds: string[] | "all" };

/** Something was written to logs of these runs; whoever shows anything else of them has nothing to read anew. */
type LogsChange = { type: "logs"; runIds: string[] };

type Told = Change | TracesChange | LogsChange;
type Listener = (told: Told) => void;
const RETRY_MS = [1_000, 2_000, 5_000, 15_000, 30_000];

/** One connection per workspace, open while somebody listens and the page is visible. */
class Stream {
  private readonly listeners = new Set<Listener>();
  private source: EventSource | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private missed = false;

  constructor(private readonly workspace: string) {
    document.addEventListener("visibilitychange", () => this.match());
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    this.match();
    return () => {
      this.listeners.delete(listener);
      // Pages follow one another: the next one mostly listens at once.
      setTimeout(() => this.match(), 500);
    };
  }

  private match(): void {
    const wanted = this.listeners.size > 0 && document.visibilityState === "visible";
    if (wanted && this.source === null) this.open();
    if (!wanted && this.source !== null) this.close();
  }

  private open(): void {
    clearTimeout(this.timer);
    const source = new EventSource(address(this.workspace, "/api/v1/events"));
    this.source = source;
    source.addEventListener("hello", () => {
      this.failures = 0;
      if (this.missed) this.tell({ type: "resumed" });
      this.missed = false;
    });
    source.addEventListener("runs", (event) => {
      const data = JSON.parse(event.data) as { runs?: RunChange[]; many?: string[]; all?: boolean };
      if (data.all) this.tell({ type: "resumed" });
      const all = data.runs ?? [];
      const written = all.filter((one) => one.kinds.includes("logs")).map((one) => one.run_id);
      if (written.length > 0) this.tell({ type: "logs", runIds: written });
      const runs = all.filter((one) => one.kinds.some((kind) => kind !== "logs"));
      const many = data.many ?? [];
      if (runs.length > 0 || many.length > 0) this.tell({ type: "runs", runs, many });
    });
    source.addEventListener("experiments", () => this.tell({ type: "experiments" }));
    source.addEventListener("traces", (event) => {
      const data = JSON.parse(event.data) as { experiment_ids: string[]; all: boolean };
      this.tell({ type: "traces", experimentIds: data.all ? "all" : data.experiment_ids });
    });
    source.addEventListener("error", () => {
      this.close();
      // A server that is only started anew is back by the second try.
      if (this.failures > 0) void suspectAway();
      const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]! * (0.75 + Math.random() / 2);
      this.timer = setTimeout(() => this.match(), wait);
    });
  }

  private close(): void {
    this.source?.close();
    this.source = null;
    this.missed = true;
  }

  private tell(told: Told): void {
    for (const listener of this.listeners) listener(told);
  }
}

const streams = new Map<string, Stream>();

/**
 * Calls back with what changes of runs and experiments in a workspace, until the component goes. The callback may be a
 * new one each time.
 */
export function useLive(workspace: string, callback: (change: Change) => void): void {
  useTold(workspace, (told) => told.type !== "traces" && told.type !== "logs" && callback(told));
}

/** Calls back when something was written to a log of a run, or may have been. */
export function useLiveLogs(workspace: string, run: string, callback: () => void): void {
  useTold(workspace, (told) => {
    const may = told.type === "resumed" || (told.type === "runs" && told.many.length > 0);
    if (may || (told.type === "logs" && told.runIds.includes(run))) callback();
  });
}

/** Calls back when traces of one of these experiments have changed or may have. */
export function useLiveTraces(
  workspace: string,
  experimentIds: readonly string[],
  callback: () => void,
): void {
  useTold(workspace, (told) => {
    if (told.type === "resumed") return callback();
    if (told.type !== "traces") return;
    const { experimentIds: changed } = told;
    if (changed === "all" || experimentIds.some((one) => changed.includes(one))) callback();
  });
}

function useTold(workspace: string, callback: Listener): void {
  const latest = useRef(callback);
  useEffect(() => {
    latest.current = callback;
  });
  useEffect(() => {
    let stream = streams.get(workspace);
    if (!stream) {
      stream = new Stream(workspace);
      streams.set(workspace, stream);
    }
    return stream.listen((told) => latest.current(told));
  }, [workspace]);
}
