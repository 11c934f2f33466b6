/** Registered datasets and their versions, and the data that runs read. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, json, post } from "@/api/http";

/** Without a datastore it is a path or URL that clients read by themselves. */
export interface DataPath {
  path: string;
  datastore?: string;
}

export interface Step {
  op: string;
  columns?: string[];
  count?: number;
  fraction?: number;
  [further: string]: unknown;
}

export interface Dataset {
  id: string;
  name: string;
  version: number;
  latest_version: number;
  kind: string;
  definition: { paths: DataPath[]; format?: string; timestamp?: string; steps?: Step[] };
  description: string;
  tags: Record<string, string>;
  archived: boolean;
  created_by: string;
  created_ms: number;
}

export const datasetsQuery = (workspace: string, archived: boolean) =>
  infiniteQueryOptions({
    queryKey: ["datasets", workspace, archived],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: Dataset[]; next_page_token?: string | null }>(
        address(workspace, "/api/v1/datasets", { archived, max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const datasetQuery = (workspace: string, name: string, version: number | null) =>
  queryOptions({
    queryKey: ["dataset", workspace, name, version],
    queryFn: ({ signal }) =>
      get<Dataset>(address(workspace, `/api/v1/datasets/${encodeURIComponent(name)}`, { version }), signal),
  });

const one = (workspace: string, name: string, rest = "") =>
  address(workspace, `/api/v1/datasets/${encodeURIComponent(name)}${rest}`);

export const archiveDataset = (workspace: string, name: string) => post(one(workspace, name, "/archive"), {});
export const reactivateDataset = (workspace: string, name: string) =>
  post(one(workspace, name, "/reactivate"), {});
export const unregisterDataset = (workspace: string, name: string) => json("DELETE", one(workspace, name));

/** Data that runs of an experiment say they read. */
export interface UsedDataset {
  experiment_id: string;
  experiment: string;
  name: string;
  digest: string;
  /** What for: training, evaluation …; perhaps nothing. */
  context: string;
}

/** Experiments are looked through so many at a time, those that changed last first. */
const EXPERIMENTS_AT_A_TIME = 20;

export const usedDatasetsQuery = (workspace: string) =>
  infiniteQueryOptions({
    queryKey: ["used datasets", workspace],
    queryFn: async ({ pageParam, signal }) => {
      const mlflow = (route: string) => address(workspace, `/ajax-api/2.0/mlflow/experiments/${route}`);
      const page = await post<{
        experiments?: { experiment_id: string; name: string }[];
        next_page_token?: string;
      }>(
        mlflow("search"),
        {
          order_by: ["last_update_time DESC"],
          max_results: EXPERIMENTS_AT_A_TIME,
          page_token: pageParam || undefined,
        },
        signal,
      );
      const names = new Map(page.experiments?.map((one) => [one.experiment_id, one.name]));
      const found =
        names.size === 0
          ? {}
          : await post<{ dataset_summaries?: Omit<UsedDataset, "experiment">[] }>(
              mlflow("search-datasets"),
              { experiment_ids: [...names.keys()] },
              signal,
            );
      const items = (found.dataset_summaries ?? []).map(
        (one): UsedDataset => ({
          ...one,
          context: one.context ?? "",
          experiment: names.get(one.experiment_id) ?? one.experiment_id,
        }),
      );
      return { items, next_page_token: page.next_page_token };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });
