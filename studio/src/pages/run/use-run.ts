/** The run that the address names, kept as it is now. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef } from "react";
import { useLive } from "@/api/live";
import { type RunPageData, runPageQuery } from "@/api/run-page";
import { searchOf } from "@/pages/run/search";

export const ROUTE = "/inside/workspaces/$workspace/experiments/$experiment/runs/$run";
const OFTEN_MS = 2_000;

export function useRunAddress() {
  const params = useParams({ from: ROUTE });
  const raw = useSearch({ from: ROUTE });
  return { ...params, search: searchOf(raw) };
}

export function useRunPage(workspace: string, run: string) {
  const client = useQueryClient();
  const found = useQuery(runPageQuery(workspace, run));
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const refresh = useCallback(
    () => client.invalidateQueries({ queryKey: runPageQuery(workspace, run).queryKey }),
    [client, workspace, run],
  );
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  useLive(workspace, (change) => {
    if (change.type === "experiments" || !concerns(change, run, found.data)) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      refresh();
    }, OFTEN_MS);
  });
  return { found, refresh };
}

type Change = Parameters<Parameters<typeof useLive>[1]>[0];

/** Its own changes, and those of the runs that it shows. */
function concerns(change: Change, run: string, page: RunPageData | undefined): boolean {
  if (change.type === "resumed") return true;
  if (change.type !== "runs") return false;
  const experiment = page?.experiment.experiment_id;
  if (experiment !== undefined && change.many.includes(experiment)) return true;
  const shown = new Set([run, page?.parent?.run_id, ...(page?.children ?? []).map((one) => one.run_id)]);
  return change.runs.some(
    (one) =>
      one.run_id === run ||
      (shown.has(one.run_id) && one.kinds.some((kind) => kind !== "points")) ||
      (one.experiment_id === experiment && one.kinds.includes("created")),
  );
}
