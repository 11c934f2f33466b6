/** Which steps of logged images are shown side by side. Pure. */
import type { LoggedImage } from "@/lib/chart-images";

/** At most so many of the steps, evenly, the first and the last among them. */
export function stepsOf(series: readonly (readonly LoggedImage[] | undefined)[], most: number): number[] {
  const all = [...new Set(series.flatMap((one) => one?.map((image) => image.step) ?? []))].sort(
    (a, b) => a - b,
  );
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);
}
