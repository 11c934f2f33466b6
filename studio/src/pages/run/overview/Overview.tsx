/** What is known of a run at a glance. */
import { lazy, type ReactNode, Suspense } from "react";
import { address } from "@/api/http";
import { useMaySomewhere } from "@/api/may";
import { BEST_METRIC, BEST_RUN, NOTE, SWEEP_NOTE, tagOf } from "@/api/run";
import type { RunPageData } from "@/api/run-page";
import { setRunTag } from "@/api/runs";
import { RunLink } from "@/components/links";
import { Notes } from "@/components/Notes";
import { number } from "@/lib/format";
import { below } from "@/lib/relative-path";
import { About } from "@/pages/run/overview/About";
import { Datasets } from "@/pages/run/overview/Datasets";
import { MetricTable } from "@/pages/run/overview/MetricTable";
import { Models } from "@/pages/run/overview/Models";
import { Nested } from "@/pages/run/overview/Nested";
import { Params } from "@/pages/run/overview/Params";
import { Tags } from "@/pages/run/overview/Tags";
import type { PartProps } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

/** Only of runs that were submitted. */
const JobPanel = lazy(() =>
  import("@/pages/run/overview/JobPanel").then((one) => ({ default: one.JobPanel })),
);

/** Pictures in notes are artifacts of the run, by their paths. */
function pictureOf(workspace: string, run: string, text: string): string | null {
  const path = below("", text);
  return path === null ? null : address(workspace, "/api/v1/preview", { run_id: run, path });
}

/** A link to the best trial of a sweep, with its value; "": there is none. */
function bestTrial(workspace: string, { run, children }: RunPageData): ReactNode {
  const best = tagOf(run, BEST_RUN);
  if (best === "") return "";
  return (
    <>
      <RunLink
        workspace={workspace}
        experiment={run.info.experiment_id}
        run={best}
        name={children.find((one) => one.run_id === best)?.name ?? best}
      />{" "}
      {number(Number(tagOf(run, BEST_METRIC)))}
    </>
  );
}

export default function Overview({ workspace, page, job, change, refresh }: PartProps) {
  const { info, data, inputs } = page.run;
  const may = useMaySomewhere(workspace);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scrolls} tabIndex={0} aria-label="Overview">
      <div className={classes.overview}>
        <div className={classes.column}>
          {job && (
            <Suspense fallback={null}>
              <JobPanel
                workspace={workspace}
                job={job}
                note={tagOf(page.run, SWEEP_NOTE)}
                best={bestTrial(workspace, page)}
                change={change}
              />
            </Suspense>
          )}
          <Notes
            text={tagOf(page.run, NOTE)}
            picture={(place) => pictureOf(workspace, info.run_id, place)}
            {...(may("runs/write")
              ? { save: (text: string) => setRunTag(workspace, info.run_id, NOTE, text).then(refresh) }
              : {})}
          />
          <MetricTable workspace={workspace} page={page} change={change} />
          <Params params={data.params ?? []} />
        </div>
        <div className={classes.column}>
          <About workspace={workspace} page={page} change={change} />
          <Tags workspace={workspace} run={info.run_id} tags={data.tags ?? []} refresh={refresh} />
          <Datasets inputs={inputs?.dataset_inputs ?? []} />
          <Models workspace={workspace} page={page} change={change} refresh={refresh} />
          <Nested workspace={workspace} page={page} />
        </div>
      </div>
    </section>
  );
}
