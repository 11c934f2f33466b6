/** Images that a run logged by key and step. */
import { queryOptions } from "@tanstack/react-query";
import { address, get } from "@/api/http";
import { imageSeries } from "@/lib/chart-images";

interface Listing {
  files?: { path: string; is_dir: boolean; file_size?: number }[];
  next_page_token?: string;
}

const PAGES = 20;

/** By key, by step; of a run with very many the first. */
export const loggedImagesQuery = (workspace: string, runId: string) =>
  queryOptions({
    queryKey: ["logged images", workspace, runId],
    queryFn: async ({ signal }) => {
      const paths: string[] = [];
      let token: string | undefined;
      for (let page = 0; page < PAGES; page++) {
        const answer = await get<Listing>(
          address(workspace, "/ajax-api/2.0/mlflow/artifacts/list", {
            run_id: runId,
            path: "images",
            page_token: token,
          }),
          signal,
        );
        for (const file of answer.files ?? []) if (!file.is_dir) paths.push(file.path);
        token = answer.next_page_token;
        if (!token) break;
      }
      return imageSeries(paths);
    },
    staleTime: 30_000,
  });

/** Where a browser finds an artifact of a run, to be shown and not to be run. */
export const artifactAddress = (workspace: string, runId: string, path: string): string =>
  address(workspace, "/api/v1/preview", { run_id: runId, path });
