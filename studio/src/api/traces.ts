/** Traces: what is known of them, and their spans. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, post, request } from "@/api/http";
import { type Span, spansOf } from "@/lib/spans";

const BASE = "/ajax-api/3.0/mlflow/traces";

export interface Assessment {
  assessment_id: string;
  assessment_name: string;
  span_id?: string;
  source?: { source_type?: string; source_id?: string };
  feedback?: { value?: unknown; error?: { error_message?: string } };
  expectation?: { value?: unknown; serialized_value?: { value?: string } };
  rationale?: string;
  valid?: boolean;
}

export interface TraceInfo {
  trace_id: string;
  trace_location: { mlflow_experiment?: { experiment_id: string } };
  request_preview?: string;
  response_preview?: string;
  request_time: string;
  /** Such as "1.024s". */
  execution_duration?: string;
  state: "OK" | "ERROR" | "IN_PROGRESS" | "STATE_UNSPECIFIED";
  trace_metadata?: Record<string, string>;
  tags?: Record<string, string>;
  assessments?: Assessment[];
}

export const traceName = (trace: TraceInfo): string => trace.tags?.["mlflow.traceName"] ?? "";

/** In ms; NaN: not told. */
export const traceDuration = (trace: TraceInfo): number =>
  Number.parseFloat(trace.execution_duration ?? "") * 1000;

/** Newest first. */
export const tracesQuery = (workspace: string, experiments: readonly string[], filter: string) =>
  infiniteQueryOptions({
    queryKey: ["traces", workspace, experiments, filter],
    queryFn: ({ pageParam, signal }) =>
      post<{ traces?: TraceInfo[]; next_page_token?: string }>(
        address(workspace, `${BASE}/search`),
        {
          locations: experiments.map((experiment_id) => ({
            type: "MLFLOW_EXPERIMENT",
            mlflow_experiment: { experiment_id },
          })),
          filter: filter || undefined,
          max_results: 50,
          page_token: pageParam || undefined,
        },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
    enabled: experiments.length > 0,
  });

export const traceQuery = (workspace: string, trace: string) =>
  queryOptions({
    queryKey: ["trace", workspace, trace],
    queryFn: async ({ signal }) =>
      (
        await get<{ trace: { trace_info: TraceInfo } }>(
          address(workspace, `${BASE}/${encodeURIComponent(trace)}`),
          signal,
        )
      ).trace.trace_info,
  });

/** Some clients write NaN into the files of their spans, which is no JSON. */
const lenient = (text: string): { spans?: Record<string, unknown>[] } => {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/([[,:]\s*)(NaN|-?Infinity)(?=\s*[,\]}])/g, "$1null"));
  }
};

export const spansQuery = (workspace: string, trace: string) =>
  queryOptions({
    queryKey: ["spans", workspace, trace],
    queryFn: async ({ signal }): Promise<Span[]> => {
      const url = address(workspace, "/ajax-api/3.0/mlflow/get-trace-artifact", { request_id: trace });
      const response = await request("GET", url, { signal });
      return spansOf(lenient(await response.text()).spans ?? []);
    },
    retry: false,
  });
