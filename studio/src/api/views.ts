/** Named views: the state of a page, kept for oneself or for the workspace. */
import { queryOptions } from "@tanstack/react-query";
import { address, get, json, post } from "@/api/http";

export interface View {
  id: string;
  name: string;
  page: string;
  experiment_id: string | null;
  shared: boolean;
  owner: string;
  state: { search?: Record<string, unknown> };
  created_ms: number;
  updated_ms: number;
}

export interface NewView {
  name: string;
  page: string;
  experiment_id?: string;
  shared: boolean;
  state: View["state"];
}

export const viewsQuery = (workspace: string, page: string, experimentId?: string) =>
  queryOptions({
    queryKey: ["views", workspace, page, experimentId],
    queryFn: async ({ signal }) =>
      (
        await get<{ items: View[] }>(
          address(workspace, "/api/v1/views", { page, experiment_id: experimentId }),
          signal,
        )
      ).items,
  });

export const createView = (workspace: string, view: NewView) =>
  post<View>(address(workspace, "/api/v1/views"), view);
export const updateView = (workspace: string, id: string, view: Partial<NewView>) =>
  json<View>("PUT", address(workspace, `/api/v1/views/${encodeURIComponent(id)}`), { body: view });
export const deleteView = (workspace: string, id: string) =>
  json("DELETE", address(workspace, `/api/v1/views/${encodeURIComponent(id)}`));
