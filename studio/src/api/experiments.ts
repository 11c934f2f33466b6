/** Experiments, by MLflow's routes. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, post } from "@/api/http";

const BASE = "/ajax-api/2.0/mlflow/experiments";

export interface KeyValue {
  key: string;
  value: string;
}

export interface Experiment {
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: "active" | "deleted";
  creation_time?: number;
  last_update_time?: number;
  tags?: KeyValue[];
}

export interface ExperimentSearch {
  filter: string;
  order_by: string[];
  view_type: "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL";
}

interface Page {
  experiments?: Experiment[];
  next_page_token?: string;
}

export const searchExperiments = (
  workspace: string,
  search: ExperimentSearch,
  max: number,
  signal?: AbortSignal,
) => post<Page>(address(workspace, `${BASE}/search`), { ...search, max_results: max }, signal);

/** Page by page. */
export const experimentsQuery = (workspace: string, search: ExperimentSearch) =>
  infiniteQueryOptions({
    queryKey: ["experiments", workspace, search],
    queryFn: ({ pageParam, signal }) =>
      post<Page>(
        address(workspace, `${BASE}/search`),
        { ...search, max_results: 100, page_token: pageParam || undefined },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const experimentQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: ["experiment", workspace, id],
    queryFn: async ({ signal }) =>
      (
        await get<{ experiment: Experiment }>(
          address(workspace, `${BASE}/get`, { experiment_id: id }),
          signal,
        )
      ).experiment,
    staleTime: 30_000,
  });

export const createExperiment = (workspace: string, name: string) =>
  post<{ experiment_id: string }>(address(workspace, `${BASE}/create`), { name });
export const renameExperiment = (workspace: string, experiment_id: string, new_name: string) =>
  post(address(workspace, `${BASE}/update`), { experiment_id, new_name });
export const deleteExperiment = (workspace: string, experiment_id: string) =>
  post(address(workspace, `${BASE}/delete`), { experiment_id });
export const restoreExperiment = (workspace: string, experiment_id: string) =>
  post(address(workspace, `${BASE}/restore`), { experiment_id });
export const setExperimentTag = (workspace: string, experiment_id: string, key: string, value: string) =>
  post(address(workspace, `${BASE}/set-experiment-tag`), { experiment_id, key, value });
export const deleteExperimentTag = (workspace: string, experiment_id: string, key: string) =>
  post(address(workspace, `${BASE}/delete-experiment-tag`), { experiment_id, key });
