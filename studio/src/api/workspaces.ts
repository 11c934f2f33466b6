/** Workspaces. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get } from "@/api/http";

export interface Workspace {
  /** The path by which Azure ML's tools reach it. */
  id: string;
  guid: string;
  name: string;
  subscription: string;
  group: string;
  location: string;
  sku: string;
  friendly_name: string;
  description: string;
  tags: Record<string, string>;
  default_datastore: string;
  created_by: string;
  created_ms: number;
  updated_ms: number;
}

interface Page<T> {
  items: T[];
  next_page_token?: string | null;
}

/** The first 100 that one may see, by name. */
export const workspacesQuery = () =>
  queryOptions({
    queryKey: ["workspaces"],
    queryFn: ({ signal }) =>
      get<Page<Workspace>>(address(null, "/api/v1/workspaces", { max_results: 100 }), signal),
  });

/** All, page by page. */
export const workspacePagesQuery = () =>
  infiniteQueryOptions({
    queryKey: ["workspaces", "pages"],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Workspace>>(
        address(null, "/api/v1/workspaces", { max_results: 60, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const workspaceQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["workspace", workspace],
    queryFn: ({ signal }) => get<Workspace>(address(workspace, "/api/v1/workspace"), signal),
  });
