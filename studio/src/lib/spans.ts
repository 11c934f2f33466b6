/** Spans of a trace: from both forms in which they come, as a tree. Pure. */
export interface SpanEvent {
  name: string;
  /** Since the trace began. */
  ms: number;
  attributes: Record<string, unknown>;
}

export interface Span {
  id: string;
  parent: string | null;
  name: string;
  /** CHAIN, LLM, TOOL, RETRIEVER …; "": not told. */
  kind: string;
  /** Since the trace began. */
  startMs: number;
  /** null: it has not ended. */
  durationMs: number | null;
  failed: boolean;
  message: string;
  inputs: unknown;
  outputs: unknown;
  /** But those that mean something here. */
  attributes: [string, unknown][];
  events: SpanEvent[];
}

type Raw = Record<string, unknown>;

/** From OTLP as JSON (`attributes` is a list), or from what clients of MLflow 2 wrote (`attributes` is a map of JSON texts). */
export function spansOf(raw: readonly Raw[]): Span[] {
  const began = Math.min(...raw.map(startOf).filter((one) => Number.isFinite(one)));
  return raw.map((one) => spanOf(one, Number.isFinite(began) ? began : 0));
}

const startOf = (raw: Raw): number =>
  Number(raw.start_time_unix_nano ?? raw.start_time_ns ?? raw.start_time) / 1e6;

const KNOWN = new Set([
  "mlflow.spanType",
  "mlflow.spanInputs",
  "mlflow.spanOutputs",
  "mlflow.traceRequestId",
]);

function spanOf(raw: Raw, began: number): Span {
  const attributes = attributesOf(raw.attributes);
  const context = raw.context as Raw | undefined;
  const start = startOf(raw);
  const end = Number(raw.end_time_unix_nano ?? raw.end_time_ns ?? raw.end_time ?? 0) / 1e6;
  const status = raw.status as Raw | undefined;
  const code = String(status?.code ?? raw.status_code ?? "");
  const parent = raw.parent_span_id ?? raw.parent_id;
  return {
    id: String(raw.span_id ?? context?.span_id ?? ""),
    parent: typeof parent === "string" && parent !== "" ? parent : null,
    name: String(raw.name ?? ""),
    kind: textOf(attributes["mlflow.spanType"]),
    startMs: Number.isFinite(start) ? start - began : 0,
    durationMs: end >= start ? end - start : null,
    failed: /ERROR|^2$/.test(code),
    message: String(status?.message ?? raw.status_message ?? ""),
    inputs: attributes["mlflow.spanInputs"],
    outputs: attributes["mlflow.spanOutputs"],
    attributes: Object.entries(attributes).filter(([key]) => !KNOWN.has(key)),
    events: (Array.isArray(raw.events) ? (raw.events as Raw[]) : []).map((event) => ({
      name: String(event.name ?? ""),
      ms: Number(event.time_unix_nano ?? event.timestamp ?? 0) / 1e6 - began,
      attributes: attributesOf(event.attributes),
    })),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value.replace(/^"|"$/g, "") : "");

function attributesOf(raw: unknown): Record<string, unknown> {
  if (Array.isArray(raw))
    return Object.fromEntries(
      (raw as { key: string; value: Raw }[]).map(({ key, value }) => [key, valueOfAny(value)]),
    );
  if (typeof raw !== "object" || raw === null) return {};
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [key, typeof value === "string" ? parsed(value) : value]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** An AnyValue of OTLP, by either spelling of its names. */
function valueOfAny(value: Raw | undefined): unknown {
  if (!value) return null;
  const of = (snake: string, camel: string) => value[snake] ?? value[camel];
  const list = of("array_value", "arrayValue") as { values?: Raw[] } | undefined;
  if (list) return (list.values ?? []).map(valueOfAny);
  const map = of("kvlist_value", "kvlistValue") as { values?: { key: string; value: Raw }[] } | undefined;
  if (map) return Object.fromEntries((map.values ?? []).map((one) => [one.key, valueOfAny(one.value)]));
  const whole = of("int_value", "intValue");
  if (whole !== undefined) return Number(whole);
  return (
    of("string_value", "stringValue") ??
    of("double_value", "doubleValue") ??
    of("bool_value", "boolValue") ??
    of("bytes_value", "bytesValue") ??
    null
  );
}

export interface SpanRow {
  span: Span;
  depth: number;
  children: number;
}

/** Parents before what they called, by time; spans whose parents are not there stand at the top. */
export function spanRows(spans: readonly Span[], closed: ReadonlySet<string>): SpanRow[] {
  const ids = new Set(spans.map((one) => one.id));
  const children = new Map<string | null, Span[]>();
  for (const span of spans) {
    const parent =
      span.parent !== null && span.parent !== span.id && ids.has(span.parent) ? span.parent : null;
    const list = children.get(parent);
    if (list) list.push(span);
    else children.set(parent, [span]);
  }
  const rows: SpanRow[] = [];
  const seen = new Set<Span>();
  const add = (parent: string | null, depth: number) => {
    const list = [...(children.get(parent) ?? [])].sort((a, b) => a.startMs - b.startMs);
    for (const span of list) {
      if (seen.has(span)) continue;
      seen.add(span);
      rows.push({ span, depth, children: children.get(span.id)?.length ?? 0 });
      if (!closed.has(span.id)) add(span.id, depth + 1);
    }
  };
  add(null, 0);
  return rows;
}

/** How long the whole took. */
export const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((most, one) => Math.max(most, one.startMs + (one.durationMs ?? 0)), 0);
