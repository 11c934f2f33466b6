/** The sources that a run was submitted with. */
import { queryOptions } from "@tanstack/react-query";
import type { Entry, FileSource } from "@/api/artifacts";
import { ApiError, address, get } from "@/api/http";
import { entriesIn } from "@/lib/manifest";

export interface SnapshotFile {
  path: string;
  sha256: string;
  size: number;
  executable: boolean;
}

export interface Snapshot {
  snapshot_id: string;
  files: SnapshotFile[];
}

const one = (workspace: string, run: string, rest = "", params = {}) =>
  address(workspace, `/api/v1/runs/${encodeURIComponent(run)}/snapshot${rest}`, params);

/** null: the run has none. */
export const snapshotQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["snapshot", workspace, run],
    queryFn: async ({ signal }): Promise<Snapshot | null> => {
      try {
        return await get<Snapshot>(one(workspace, run), signal);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    // What a run was submitted with never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const archiveAddress = (workspace: string, run: string): string => one(workspace, run, "/archive");

/** As previews and trees take it. */
export function snapshotFiles(workspace: string, run: string, files: readonly SnapshotFile[]): FileSource {
  const file = (path: string) => one(workspace, run, "/file", { path });
  return {
    key: `snapshot ${workspace} ${run}`,
    list: async (path): Promise<Entry[]> => entriesIn(files, path),
    preview: file,
    download: file,
    uri: () => "",
    onlySaved: true,
  };
}
