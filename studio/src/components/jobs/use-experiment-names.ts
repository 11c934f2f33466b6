/** Names of the experiments that jobs belong to; beyond the first ones numbers stand for them. */
import { useQueries } from "@tanstack/react-query";
import { useCallback } from "react";
import { experimentQuery } from "@/api/experiments";

const MOST_NAMES = 30;

export function useExperimentNames(
  workspace: string,
  jobs: readonly { experiment_id: string }[],
): (id: string) => string {
  const ids = [...new Set(jobs.map((one) => one.experiment_id))].slice(0, MOST_NAMES);
  const names = useQueries({
    queries: ids.map((id) => experimentQuery(workspace, id)),
    combine: (answers) =>
      JSON.stringify(
        answers.flatMap(({ data, isPending }, i) =>
          data ? [[data.experiment_id, data.name]] : isPending ? [[ids[i], "…"]] : [],
        ),
      ),
  });
  return useCallback(
    (id) => (JSON.parse(names) as [string, string][]).find((one) => one[0] === id)?.[1] || id,
    [names],
  );
}
