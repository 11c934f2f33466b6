/**
 * The line chart, a chunk of its own: asked for while the first points are on their way. Not by Suspense, which keeps
 * what was suspended back for 0.3 s.
 */
import { useEffect, useState } from "react";

type LineChart = typeof import("@/components/charts/LineChart").default;

let chart: LineChart | null = null;
const load = async (): Promise<LineChart> => {
  chart ??= (await import("@/components/charts/LineChart")).default;
  return chart;
};
load().catch(() => undefined);

/** null: not there yet. Throws what kept it from being loaded. */
export function useLineChart(): LineChart | null {
  const [loaded, setLoaded] = useState<LineChart | null>(() => chart);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (loaded) return;
    let here = true;
    load().then(
      (made) => here && setLoaded(() => made),
      (failed) => here && setError(failed),
    );
    return () => {
      here = false;
    };
  }, [loaded]);
  if (error) throw error;
  return loaded;
}
