/** The newest runs of a workspace, all, those that run, or those that failed lately. */
import { queryOptions } from "@tanstack/react-query";
import { runsTable } from "@/api/runs";
import { filterOf, type RunKind } from "@/lib/run-kinds";

export const recentRunsQuery = (workspace: string, kind: RunKind, most: number) =>
  queryOptions({
    queryKey: ["recent runs", workspace, kind, most],
    queryFn: ({ signal }) =>
      runsTable(
        workspace,
        {
          experiment_ids: [],
          filter: filterOf(kind, Date.now()),
          order_by: ["attributes.start_time DESC"],
          max_results: most,
          rows: most,
          columns: { info: true },
        },
        signal,
      ),
  });
