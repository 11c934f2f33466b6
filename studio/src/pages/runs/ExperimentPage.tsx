/** One experiment: its runs as a table and as charts, and what is known of it. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { experimentQuery } from "@/api/experiments";
import { CodeToCopy, Copy } from "@/components/Copy";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { ViewsMenu } from "@/components/views/ViewsMenu";
import { trackingUri } from "@/lib/connecting";
import { RunsPage } from "@/pages/runs/RunsPage";
import { RunsTabs } from "@/pages/runs/RunsTabs";
import { useRunsSearch } from "@/pages/runs/search";

const Details = lazy(() => import("@/pages/runs/Details").then((one) => ({ default: one.Details })));

export function ExperimentPage() {
  const { workspace = "", experiment: id = "" } = useParams({ strict: false });
  const [search, change] = useRunsSearch();
  const { data: experiment, error, refetch } = useQuery(experimentQuery(workspace, id));
  const of = useMemo(() => ({ workspace, experimentIds: [id] }), [workspace, id]);
  const name = experiment?.name ?? "";
  const experimentName = useCallback(() => name || id, [name, id]);
  if (error && !experiment) return <Broken error={error} again={() => refetch()} />;
  return (
    <Page
      title={name || `Experiment ${id}`}
      wide
      crumbs={[{ text: "Experiments", to: `/workspaces/${encodeURIComponent(workspace)}/experiments` }]}
      beside={<Copy text={id} what={`Copy the id ${id}`} />}
      actions={<ViewsMenu workspace={workspace} page="experiment" experimentId={id} />}
    >
      <RunsTabs tab={search.tab} change={change} />
      {search.tab === "details" ? (
        experiment && (
          <Suspense fallback={<Waiting />}>
            <Details workspace={workspace} experiment={experiment} />
          </Suspense>
        )
      ) : (
        <RunsPage
          key={`${workspace} ${id}`}
          of={of}
          title={name || id}
          search={search}
          change={change}
          experimentName={experimentName}
          empty={<FirstRun uri={trackingUri(location.origin, workspace)} name={name} />}
        />
      )}
    </Page>
  );
}

function FirstRun({ uri, name }: { uri: string; name: string }) {
  return (
    <div style={{ textAlign: "left" }}>
      <CodeToCopy
        what="Copy the example"
        text={`import mlflow

mlflow.set_tracking_uri(${JSON.stringify(uri)})
mlflow.set_experiment(${JSON.stringify(name)})
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)`}
      />
    </div>
  );
}
