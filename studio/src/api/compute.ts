/** Where jobs run: compute targets of a workspace, and the sizes that pools are made of. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, json, post } from "@/api/http";

export type ComputeState = "Running" | "Stopped" | "Unreachable";

export interface Limits {
  max_running: number;
  max_running_per_person: number;
  max_queued_per_person: number;
  max_seconds: number;
  max_nodes: number;
  min_nodes: number;
  idle_seconds: number;
}

export interface Node {
  name: string;
  state: string;
  cpus: number;
  memory_mb: number;
  gpus: number;
  running: number;
}

export interface Compute {
  name: string;
  kind: "local" | "ssh" | "slurm" | "ray" | "pool" | string;
  state: ComputeState;
  provisioning_state: string;
  provisioning_errors: { code: string; message: string }[];
  description: string;
  tags: Record<string, string>;
  settings: Record<string, unknown>;
  limits: Partial<Limits>;
  base: string;
  size: string;
  groups: string[];
  server_url: string;
  has_credentials: Record<string, boolean>;
  created_ms: number;
  modified_ms: number;
  created_by: string;
  checked_ms: number | null;
  error: string;
  nodes: Node[];
  counts: { queued: number; running: number };
}

export interface NewCompute {
  name: string;
  kind: string;
  settings: Record<string, unknown>;
  credentials: Record<string, unknown>;
  limits: Partial<Limits>;
  description: string;
  groups: string[];
  server_url: string;
  base: string;
  size: string;
}

export type ComputeChange = Partial<Omit<NewCompute, "name" | "kind">>;

export interface Size {
  name: string;
  compute: string;
  resources: { cpus?: number; memory_mb?: number; gpus?: number };
  max_nodes: number;
  options: Record<string, string>;
}

interface Page<T> {
  items: T[];
  next_page_token?: string | null;
}

const one = (workspace: string, name: string, rest = "") =>
  address(workspace, `/api/v1/computes/${encodeURIComponent(name)}${rest}`);
const size = (workspace: string, name: string) =>
  address(workspace, `/api/v1/compute-sizes/${encodeURIComponent(name)}`);

export const computesQuery = (workspace: string) =>
  infiniteQueryOptions({
    queryKey: ["computes", workspace],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Compute>>(
        address(workspace, "/api/v1/computes", { max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const computeQuery = (workspace: string, name: string) =>
  queryOptions({
    queryKey: ["compute", workspace, name],
    queryFn: ({ signal }) => get<Compute>(one(workspace, name), signal),
  });

export const sizesQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["compute sizes", workspace],
    queryFn: async ({ signal }) =>
      (await get<Page<Size>>(address(workspace, "/api/v1/compute-sizes", { max_results: 500 }), signal))
        .items,
  });

export const createCompute = (workspace: string, compute: NewCompute) =>
  post<Compute>(address(workspace, "/api/v1/computes"), compute);
export const changeCompute = (workspace: string, name: string, body: ComputeChange) =>
  json<Compute>("PATCH", one(workspace, name), { body });
export const turnCompute = (workspace: string, name: string, how: "start" | "stop" | "check") =>
  post<Compute>(one(workspace, name, `/${how}`), {});
/** @param force jobs that are not done yet are canceled; else the server refuses while there are any. */
export const deleteCompute = (workspace: string, name: string, force: boolean) =>
  json("DELETE", `${one(workspace, name)}${force ? "?force=true" : ""}`);
export const putSize = (workspace: string, name: string, body: Omit<Size, "name">) =>
  json<Size>("PUT", size(workspace, name), { body });
export const deleteSize = (workspace: string, name: string) => json("DELETE", size(workspace, name));
