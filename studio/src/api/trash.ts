/** What is deleted and can still be restored. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, post } from "@/api/http";

export type TrashKind = "experiment" | "run" | "model";

export interface TrashName {
  kind: TrashKind;
  id: string;
}

export interface TrashItem extends TrashName {
  name: string;
  experiment_id: string;
  experiment_name: string;
  deleted_ms: number;
  deleted_by: string | null;
}

interface Kept extends TrashName {
  reason: string;
}

export const trashQuery = (workspace: string, kind: TrashKind | null) =>
  infiniteQueryOptions({
    queryKey: ["trash", workspace, kind],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: TrashItem[]; next_page_token?: string | null }>(
        address(workspace, "/api/v1/trash", { kind, max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const trashSizeQuery = (workspace: string, item: TrashName) =>
  queryOptions({
    queryKey: ["trash size", workspace, item.kind, item.id],
    queryFn: ({ signal }) =>
      get<{ files: number; bytes: number; whole: boolean }>(
        address(workspace, "/api/v1/trash/size", { kind: item.kind, id: item.id }),
        signal,
      ),
    staleTime: 60_000,
  });

export const restoreTrash = (workspace: string, items: TrashName[]) =>
  post<{ restored: TrashName[]; kept: Kept[] }>(address(workspace, "/api/v1/trash/restore"), { items });

/** Gone for good. `more`: call again for the rest. */
export const purgeTrash = (workspace: string, what: { items: TrashName[] } | { older_than_ms: number }) =>
  post<{ purged: TrashName[]; kept: Kept[]; more: boolean }>(address(workspace, "/api/v1/trash/purge"), what);
