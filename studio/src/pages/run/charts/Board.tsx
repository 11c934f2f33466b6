/** Charts of one run. */
import { useMemo } from "react";
import { tagOf } from "@/api/run";
import type { RunPageData } from "@/api/run-page";
import { ChartBoard } from "@/components/charts/ChartBoard";
import type { ChartRun } from "@/components/charts/types";
import { colorOf } from "@/lib/colors";
import { COLOR_TAG } from "@/lib/run-columns";
import classes from "@/pages/run/run.module.css";

export function Board({
  workspace,
  page,
  wanted,
  more = false,
}: {
  workspace: string;
  page: RunPageData;
  wanted: (metric: string) => boolean;
  /** Other charts can be added: images by step, a metric against another. */
  more?: boolean;
}) {
  const { info } = page.run;
  const color = tagOf(page.run, COLOR_TAG) || colorOf(info.run_id);
  const runs = useMemo<ChartRun[]>(
    () => [
      {
        runId: info.run_id,
        experimentId: info.experiment_id,
        name: info.run_name || info.run_id,
        color,
        status: info.status,
        startMs: info.start_time ?? Number.NaN,
      },
    ],
    [info.run_id, info.experiment_id, info.run_name, info.status, info.start_time, color],
  );
  const names = (page.run.data.metrics ?? []).map((one) => one.key).filter(wanted);
  const text = JSON.stringify(names);
  const metrics = useMemo<string[]>(() => JSON.parse(text), [text]);
  const experiments = useMemo(() => [info.experiment_id], [info.experiment_id]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scrolls} tabIndex={0} aria-label="Charts">
      <ChartBoard
        workspace={workspace}
        runs={runs}
        metrics={metrics}
        legend={false}
        {...(more ? { experimentIds: experiments } : {})}
      />
    </section>
  );
}
