/** What the page of a run shows at once. */
import { queryOptions } from "@tanstack/react-query";
import type { KeyValue } from "@/api/experiments";
import { address, get } from "@/api/http";
import type { RunBrief } from "@/api/overview";
import type { RunStatus } from "@/components/Status";

export interface Metric {
  key: string;
  /** Also "NaN", "Infinity", "-Infinity". */
  value: number | string;
  timestamp: number;
  step: number;
}

export interface DatasetInput {
  tags?: KeyValue[];
  dataset: {
    name: string;
    digest: string;
    source_type: string;
    source: string;
    schema?: string;
    profile?: string;
  };
}

export interface RunDocument {
  info: {
    run_id: string;
    experiment_id: string;
    run_name: string;
    user_id: string;
    status: RunStatus;
    start_time?: number;
    end_time?: number;
    artifact_uri: string;
    lifecycle_stage: "active" | "deleted";
  };
  data: { metrics?: Metric[]; params?: KeyValue[]; tags?: KeyValue[] };
  inputs?: { dataset_inputs?: DatasetInput[]; model_inputs?: { model_id: string }[] };
  outputs?: { model_outputs?: { model_id: string; step?: number }[] };
}

export interface RunPageData {
  run: RunDocument;
  version: number;
  experiment: { experiment_id: string; name: string; stage: string };
  parent: RunBrief | null;
  children: RunBrief[];
  more_children: boolean;
  model_versions: {
    name: string;
    version: number;
    stage: string;
    status: string;
    created_ms: number;
    aliases: string[];
  }[];
  more_model_versions: boolean;
  logged_models: { model_id: string; name: string; model_type: string; status: string }[];
  more_logged_models: boolean;
  /** The last sign of life, when the next is due, and since when the run counts as lost. */
  life: { host: string; beat_ms: number; due_ms: number; lost_ms: number | null } | null;
  /** Why it counts as lost. */
  lost: string | null;
  series: number;
  points: number;
}

export const runPageQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["run page", workspace, run],
    queryFn: ({ signal }) =>
      get<RunPageData>(address(workspace, `/api/v1/runs/${encodeURIComponent(run)}/page`), signal),
  });
