/** What both dialogs that submit do: targets to choose from, one submission at a time, and then the page of the new run. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { computesQuery } from "@/api/compute";
import type { Made } from "@/api/jobs";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";

export function useTargets(workspace: string) {
  const found = useInfiniteQuery(computesQuery(workspace));
  return {
    targets: found.data?.pages.flatMap((page) => page.items) ?? [],
    /** It is known that there is none. */
    none: found.data?.pages.every((page) => page.items.length === 0) ?? false,
    error: found.error?.message,
  };
}

export function useSubmitting(workspace: string, onClose: () => void) {
  const say = useSay();
  const navigate = useNavigate();
  const refresh = useJobsRefresh(workspace);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent, target: string | null, send: () => Promise<Made>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { info } = (await send()).run;
      say.done(`Submitted ${info.run_name || info.run_id} to ${target}`);
      onClose();
      void refresh();
      navigate({
        to: "/workspaces/$workspace/experiments/$experiment/runs/$run",
        params: { workspace, experiment: info.experiment_id, run: info.run_id },
        search: {},
      });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, submit };
}
