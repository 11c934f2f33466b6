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

const PAGES = 4;

export const viewsQuery = (workspace: string, page: string, experimentId?: string) =>
  queryOptions({
    queryKey: ["views", workspace, page, experimentId],
    queryFn: async ({ signal }) => {
      const found: View[] = [];
      let token: string | null = null;
      // Each has about a megabyte at most: a few hundred views of usual size, and an end where somebody made very large ones.
      for (let pages = 0; pages < PAGES; pages++) {
        const one: { items: View[]; next_page_token: string | null } = await get(
          address(workspace, "/api/v1/views", { page, experiment_id: experimentId, page_token: token }),
          signal,
        );
        found.push(...one.items);
        token = one.next_page_token;
        if (!token) break;
      }
      return found;
    },
  });

export const createView = (workspace: string, view: NewView) =>
  post<View>(address(workspace, "/api/v1/views"), view);
export const updateView = (workspace: string, id: string, view: Partial<NewView>) =>
  json<View>("PUT", address(workspace, `/api/v1/views/${encodeURIComponent(id)}`), { body: view });
export const deleteView = (workspace: string, id: string) =>
  json("DELETE", address(workspace, `/api/v1/views/${encodeURIComponent(id)}`));
