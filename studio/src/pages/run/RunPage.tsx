import { Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense, useCallback } from "react";
import type { Job } from "@/api/jobs";
import type { RunPageData } from "@/api/run-page";
import { restoreRun } from "@/api/runs";
import { JobStateBadge } from "@/components/jobs/JobStateBadge";
import { useSay } from "@/components/notices";
import { Page } from "@/components/Page";
import { Status } from "@/components/Status";
import { Broken, Waiting } from "@/components/states";
import { JobButtons } from "@/pages/run/JobButtons";
import { Neighbours } from "@/pages/run/Neighbours";
import { RunActions } from "@/pages/run/RunActions";
import { RunTabs } from "@/pages/run/RunTabs";
import classes from "@/pages/run/run.module.css";
import { addressOf, type RunSearch, type Tab, tabsOf } from "@/pages/run/search";
import { useJob } from "@/pages/run/use-job";
import { useRunAddress, useRunPage } from "@/pages/run/use-run";

const PARTS: Record<Tab, ComponentType<PartProps>> = {
  overview: lazy(() => import("@/pages/run/overview/Overview")),
  charts: lazy(() => import("@/pages/run/charts/RunCharts")),
  system: lazy(() => import("@/pages/run/charts/SystemCharts")),
  artifacts: lazy(() => import("@/pages/run/artifacts/RunArtifacts")),
  logs: lazy(() => import("@/pages/run/logs/Logs")),
  code: lazy(() => import("@/pages/run/code/Code")),
  traces: lazy(() => import("@/pages/run/traces/RunTraces")),
  trials: lazy(() => import("@/pages/run/trials/Trials")),
};

export type ChangeRunSearch = (change: Partial<RunSearch>, replace?: boolean) => void;

/** What each part of the page is given. */
export interface PartProps {
  workspace: string;
  page: RunPageData;
  /** What was submitted; null: the run was started by its script. */
  job: Job | null;
  search: RunSearch;
  change: ChangeRunSearch;
  refresh: () => Promise<unknown>;
}

/** One run: what is known of it, its charts, files, logs, code and traces. */
export function RunPage() {
  const { workspace, experiment, run, search } = useRunAddress();
  const { found, refresh } = useRunPage(workspace, run);
  const job = useJob(workspace, run, found.data);
  const navigate = useNavigate();
  const change = useCallback<ChangeRunSearch>(
    (part, replace = false) => {
      navigate({
        to: ".",
        search: ((old: Record<string, unknown>) => addressOf(old, part)) as never,
        replace,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const base = `/workspaces/${encodeURIComponent(workspace)}/experiments`;
  const neighbours = <Neighbours workspace={workspace} experiment={experiment} run={run} />;
  if (!found.data || job === undefined)
    return (
      <Page title="Run" crumbs={[{ text: "Experiments", to: base }]} wide actions={neighbours}>
        {found.isError ? (
          <Broken error={found.error} again={() => found.refetch()} />
        ) : (
          <Waiting label="Loading the run" />
        )}
      </Page>
    );
  const page = found.data;
  const { info } = page.run;
  const tabs = tabsOf(job);
  const tab = tabs.includes(search.tab) ? search.tab : "overview";
  const Part = PARTS[tab];
  return (
    <Page
      wide
      title={info.run_name || info.run_id}
      crumbs={[
        { text: "Experiments", to: base },
        { text: page.experiment.name || "(no name)", to: `${base}/${page.experiment.experiment_id}` },
        ...(page.parent
          ? [
              {
                text: page.parent.name || page.parent.run_id,
                to: `${base}/${page.parent.experiment_id}/runs/${page.parent.run_id}`,
              },
            ]
          : []),
      ]}
      beside={job ? <JobStateBadge state={job.state} /> : <Status status={info.status} />}
      actions={
        <>
          {neighbours}
          {job && <JobButtons workspace={workspace} job={job} refresh={refresh} />}
          <RunActions workspace={workspace} page={page} refresh={refresh} />
        </>
      }
    >
      <Notices workspace={workspace} page={page} refresh={refresh} />
      <RunTabs tabs={tabs} tab={tab} go={(next) => change({ tab: next })} />
      <div className={classes.body} role="tabpanel" aria-label={tab}>
        <Suspense fallback={<Waiting />}>
          <Part
            key={info.run_id}
            workspace={workspace}
            page={page}
            job={job}
            search={search}
            change={change}
            refresh={refresh}
          />
        </Suspense>
      </div>
    </Page>
  );
}

/** What one should know before reading on. */
function Notices({ workspace, page, refresh }: Pick<PartProps, "workspace" | "page" | "refresh">) {
  const say = useSay();
  const { info } = page.run;
  const restore = async () => {
    try {
      await restoreRun(workspace, info.run_id);
      await refresh();
      say.done("Restored the run");
    } catch (error) {
      say.error(error);
    }
  };
  const reason = page.lost;
  return (
    <>
      {info.lifecycle_stage === "deleted" && (
        <div className={`panel ${classes.notice}`} role="status">
          <IconTrash size={16} aria-hidden />
          This run is deleted. It can be restored until it is purged from the trash.
          <Button variant="light" onClick={restore}>
            Restore
          </Button>
        </div>
      )}
      {reason && (
        <div className={`panel ${classes.notice}`} role="status">
          {reason}
        </div>
      )}
    </>
  );
}
