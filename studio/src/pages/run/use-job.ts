/** What was ordered that the run is the record of, kept as it is now; null: nobody submitted the run. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError } from "@/api/http";
import { type Job, jobQuery, TARGET_TAG } from "@/api/jobs";
import { tagOf } from "@/api/run";
import type { RunPageData } from "@/api/run-page";
import { ended } from "@/lib/job-state";

/** Steps between states that the run itself does not show, such as the making of its environment. */
const OFTEN_MS = 3_000;

export function useJob(
  workspace: string,
  run: string,
  page: RunPageData | undefined,
): Job | null | undefined {
  const enabled = page !== undefined && tagOf(page.run, TARGET_TAG) !== "";
  const found = useQuery({
    ...jobQuery(workspace, run),
    enabled,
    retry: (count, error) => !(error instanceof ApiError && error.status < 500) && count < 3,
    refetchInterval: (query) => {
      const job = query.state.data;
      return job && !ended(job.state) ? OFTEN_MS : false;
    },
  });
  const { refetch, data } = found;
  const version = page?.version;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that changed may be at another step
  useEffect(() => {
    if (enabled && data) refetch();
  }, [version]);
  if (page === undefined || (enabled && found.isPending)) return undefined;
  return data ?? null;
}
