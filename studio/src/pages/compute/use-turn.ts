/** Starts, stops and checks a compute target, and says what came of it. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Compute, computeQuery, turnCompute } from "@/api/compute";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";

type How = "start" | "stop" | "check";

export function useTurn(workspace: string, compute: Pick<Compute, "name">) {
  const say = useSay();
  const client = useQueryClient();
  const refresh = useJobsRefresh(workspace);
  const [busy, setBusy] = useState<How | null>(null);
  const turn = async (how: How) => {
    setBusy(how);
    try {
      const answer = await turnCompute(workspace, compute.name, how);
      client.setQueryData(computeQuery(workspace, compute.name).queryKey, answer);
      await refresh();
      if (how === "start") say.done(`${compute.name} takes runs`);
      if (how === "stop")
        say.done(`${compute.name} takes no further runs; what runs goes on`, () => void turn("start"));
      if (how === "check") {
        if (answer.error) say.error(`${compute.name}: ${answer.error}`);
        else say.done(`${compute.name} answers`);
      }
    } catch (error) {
      say.error(error);
    } finally {
      setBusy(null);
    }
  };
  return { turn, busy };
}
