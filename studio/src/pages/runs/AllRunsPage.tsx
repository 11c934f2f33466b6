/** All runs of the workspace. */
import { SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { experimentsQuery } from "@/api/experiments";
import { Page } from "@/components/Page";
import { PageTabs } from "@/components/PageTabs";
import { ViewsMenu } from "@/components/views/ViewsMenu";
import { RunsPage } from "@/pages/runs/RunsPage";
import { type Tab, useRunsSearch } from "@/pages/runs/search";

const EVERYWHERE: string[] = [];

export function AllRunsPage() {
  const { workspace = "" } = useParams({ strict: false });
  const [search, change] = useRunsSearch();
  const of = useMemo(() => ({ workspace, experimentIds: EVERYWHERE }), [workspace]);
  const experimentName = useExperimentNames(workspace);
  const shown = search.tab === "details" ? { ...search, tab: "runs" as const } : search;
  return (
    <Page
      title="All runs"
      wide
      actions={
        <>
          <SegmentedControl
            aria-label="Show as"
            value={shown.tab}
            onChange={(tab) => change({ tab: tab as Tab }, { push: true })}
            data={[
              { value: "runs", label: "Table" },
              { value: "charts", label: "Charts" },
            ]}
          />
          <ViewsMenu workspace={workspace} page="runs" />
        </>
      }
    >
      <PageTabs
        tabs={[
          { text: "All experiments", to: "/workspaces/$workspace/experiments" },
          { text: "All runs", to: "/workspaces/$workspace/runs" },
        ]}
        params={{ workspace }}
      />
      <RunsPage
        key={workspace}
        of={of}
        title="Runs"
        search={shown}
        change={change}
        experimentName={experimentName}
        empty="Runs of all experiments are listed here."
      />
    </Page>
  );
}

/** Names of the experiments that changed last; others go by their number. */
function useExperimentNames(workspace: string): (id: string) => string {
  const { data } = useInfiniteQuery(
    experimentsQuery(workspace, { filter: "", order_by: ["last_update_time DESC"], view_type: "ALL" }),
  );
  const names = useMemo(
    () =>
      new Map(
        data?.pages.flatMap((page) => (page.experiments ?? []).map((one) => [one.experiment_id, one.name])),
      ),
    [data],
  );
  return useCallback((id) => names.get(id) ?? id, [names]);
}
