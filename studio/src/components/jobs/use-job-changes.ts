/** What is done with jobs, and that all that shows them is read anew. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { type Change, useLive } from "@/api/live";

const OFTEN_MS = 2_000;

/** Reads anew all that shows jobs or what they are waiting for. */
export function useJobsRefresh(workspace: string): () => Promise<unknown> {
  const client = useQueryClient();
  return useCallback(
    () =>
      Promise.all(
        ["jobs", "job", "computes", "compute", "sweep"].map((key) =>
          client.invalidateQueries({ queryKey: [key, workspace] }),
        ),
      ),
    [client, workspace],
  );
}

/** Whether a change may be one of jobs: their runs began, changed their status, or ended. */
const concerns = (change: Change): boolean =>
  change.type === "resumed" ||
  (change.type === "runs" &&
    (change.many.length > 0 || change.runs.some((one) => one.kinds.some((kind) => kind !== "points"))));

/** Reads anew what shows jobs when some changed, not more often than is of use. */
export function useLiveJobs(workspace: string): void {
  const refresh = useJobsRefresh(workspace);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  useLive(workspace, (change) => {
    if (!concerns(change)) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void refresh();
    }, OFTEN_MS);
  });
}
