/** Goes to the comparison of the runs that are selected. */
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { useSay } from "@/components/notices";
import { comparing } from "@/lib/run-numbers";
import type { RunsModel } from "@/pages/runs/data/model";
import type { Selection } from "@/pages/runs/selection";
import { MOST_SHOWN } from "@/pages/runs/shown-runs";

export function useCompare(workspace: string, model: RunsModel, selection: Selection): () => void {
  const navigate = useNavigate();
  const say = useSay();
  return useCallback(async () => {
    const handles = [...selection.handles];
    if (handles.length < 2) return say.done("Select two runs or more to compare them: x on each.");
    if (handles.length > MOST_SHOWN) return say.done("At most 1,000 runs can be compared.");
    try {
      const rows = await model.rows.all(handles, []);
      navigate({
        to: "/workspaces/$workspace/compare",
        params: { workspace },
        search: comparing(rows),
      });
    } catch (error) {
      say.error(error);
    }
  }, [workspace, model, selection, navigate, say]);
}
