/** Two to a thousand runs: what differs, their charts, images and files. The runs are in the address. */
import { useQueries } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback } from "react";
import { experimentQuery } from "@/api/experiments";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { ViewsMenu } from "@/components/views/ViewsMenu";
import { comparing } from "@/lib/run-numbers";
import { CompareTabs } from "@/pages/compare/CompareTabs";
import classes from "@/pages/compare/compare.module.css";
import { Differences } from "@/pages/compare/Differences";
import { type ChangeSearch, type CompareSearch, useCompareSearch } from "@/pages/compare/search";
import { type Compared, type ComparedRun, useCompared } from "@/pages/compare/use-compared";

const Charts = lazy(() => import("@/pages/compare/Charts"));
const Images = lazy(() => import("@/pages/compare/images/Images"));
const Artifacts = lazy(() => import("@/pages/compare/artifacts/Artifacts"));
const Code = lazy(() => import("@/pages/compare/code/Code"));

export function ComparePage() {
  const { workspace = "" } = useParams({ strict: false });
  const [search, change] = useCompareSearch();
  const found = useCompared(workspace, search);
  const runs = found.data?.runs;
  const asked = search.runs.length + search.numbers.length;
  const count = runs?.length ?? asked;
  return (
    <Page
      title={count < 2 ? "Compare runs" : `Compare ${count.toLocaleString("en-US")} runs`}
      crumbs={[{ text: "All runs", to: `/workspaces/${encodeURIComponent(workspace)}/runs` }]}
      wide
      actions={<ViewsMenu workspace={workspace} page="compare" />}
    >
      {asked === 0 ? (
        <Empty title="No runs are chosen">
          Select two runs or more in a table of runs, with x on each, and press Compare.
        </Empty>
      ) : found.isPending ? (
        <Waiting />
      ) : found.data ? (
        <Body workspace={workspace} compared={found.data} search={search} change={change} />
      ) : (
        <Broken error={found.error} again={() => found.refetch()} />
      )}
    </Page>
  );
}

interface BodyProps {
  workspace: string;
  compared: Compared;
  search: CompareSearch;
  change: ChangeSearch;
}

function Body({ workspace, compared, search, change }: BodyProps) {
  const { runs, missing, leftOut } = compared;
  const experimentName = useExperimentNames(workspace, runs);
  const remove = (gone: ComparedRun) => {
    const rest = runs.filter((one) => one.runId !== gone.runId);
    const address = comparing(rest) as { runs?: string[] };
    change(
      address.runs
        ? { runs: address.runs, numbers: [] }
        : { runs: [], numbers: rest.map((one) => one.handle) },
      { push: true },
    );
  };
  if (runs.length === 0)
    return (
      <Empty title="These runs are not here">
        They were deleted for good, or they are not open to you. Choose others in a table of runs.
      </Empty>
    );
  return (
    <>
      <CompareTabs tab={search.tab} go={(tab) => change({ tab }, { push: true })} />
      {(missing > 0 || leftOut > 0 || runs.length === 1) && (
        <p className={`quiet ${classes.told}`} role="status">
          {runs.length === 1 && "One run only: choose others in a table of runs. "}
          {missing > 0 && `${missing} of the runs ${missing === 1 ? "is" : "are"} gone or not open to you. `}
          {leftOut > 0 && `${leftOut.toLocaleString("en-US")} more names are left out.`}
        </p>
      )}
      <div
        role="tabpanel"
        aria-label={search.tab}
        className={`${classes.panel} ${search.tab === "differences" ? "" : classes.scrolls}`}
      >
        <Suspense fallback={<Waiting />}>
          {search.tab === "differences" && (
            <Differences
              workspace={workspace}
              compared={compared}
              search={search}
              change={change}
              experimentName={experimentName}
              remove={remove}
            />
          )}
          {search.tab === "charts" && <Charts workspace={workspace} compared={compared} />}
          {search.tab === "images" && (
            <Images workspace={workspace} runs={runs} search={search} change={change} />
          )}
          {search.tab === "artifacts" && (
            <Artifacts workspace={workspace} runs={runs} search={search} change={change} />
          )}
          {search.tab === "code" && (
            <Code workspace={workspace} runs={runs} search={search} change={change} />
          )}
        </Suspense>
      </div>
    </>
  );
}

const MOST_NAMES = 30;

/** Names of the experiments that the runs belong to; beyond the first ones numbers stand for them. */
function useExperimentNames(workspace: string, runs: readonly ComparedRun[]): (id: string) => string {
  const ids = [...new Set(runs.map((one) => one.experimentId))].slice(0, MOST_NAMES);
  const names = useQueries({
    queries: ids.map((id) => experimentQuery(workspace, id)),
    combine: (answers) =>
      JSON.stringify(answers.flatMap(({ data }) => (data ? [[data.experiment_id, data.name]] : []))),
  });
  return useCallback(
    (id) => (JSON.parse(names) as [string, string][]).find((one) => one[0] === id)?.[1] ?? id,
    [names],
  );
}
