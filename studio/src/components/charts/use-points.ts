/** Tells charts which of their runs have new points, not more often than they can be drawn. */
import { useCallback, useEffect, useRef } from "react";
import { useLive } from "@/api/live";
import type { Drawn } from "@/components/charts/use-series";

const OFTEN_MS = 2_000;
type Tell = (runIds: ReadonlySet<string> | "all") => void;

export function usePoints(workspace: string): Drawn["onPoints"] {
  const listeners = useRef(new Set<Tell>());
  const changed = useRef<{ ids: Set<string>; all: boolean }>({ ids: new Set(), all: false });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  useLive(workspace, (change) => {
    if (change.type === "experiments") return;
    const open = changed.current;
    if (change.type === "resumed" || change.many.length > 0) open.all = true;
    else for (const one of change.runs) if (one.kinds.includes("points")) open.ids.add(one.run_id);
    if (!open.all && open.ids.size === 0) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const { ids, all } = changed.current;
      changed.current = { ids: new Set(), all: false };
      for (const tell of listeners.current) tell(all ? "all" : ids);
    }, OFTEN_MS);
  });

  return useCallback((tell) => {
    listeners.current.add(tell);
    return () => listeners.current.delete(tell);
  }, []);
}
