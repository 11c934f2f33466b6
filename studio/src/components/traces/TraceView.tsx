/** What happened in one trace: its spans along time, and what went into and came out of each. */
import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { spansQuery, type TraceInfo, traceDuration, traceName, traceQuery } from "@/api/traces";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { RunLink } from "@/components/links";
import { Moment } from "@/components/Moment";
import { Broken, Waiting } from "@/components/states";
import { SpanDetails } from "@/components/traces/SpanDetails";
import { SpanTree } from "@/components/traces/SpanTree";
import { Assessed, TraceState } from "@/components/traces/TraceTable";
import classes from "@/components/traces/traces.module.css";
import { duration } from "@/lib/format";
import { spanRows } from "@/lib/spans";

export default function TraceView({ workspace, trace }: { workspace: string; trace: string }) {
  const found = useQuery(traceQuery(workspace, trace));
  const spans = useQuery(spansQuery(workspace, trace));
  const [selected, setSelected] = useState<string | null>(null);
  if (found.isPending) return <Waiting label="Loading the trace" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const first = spans.data ? spanRows(spans.data, new Set())[0]?.span : undefined;
  const shown = spans.data?.find((one) => one.id === selected) ?? first;
  return (
    <>
      <Head workspace={workspace} info={found.data} />
      {spans.isPending && <Waiting label="Loading the spans" />}
      {spans.isError && <Broken error={spans.error} again={() => spans.refetch()} />}
      {spans.data?.length === 0 && <p className="quiet">No span of it was kept.</p>}
      {spans.data && shown && (
        <div className={classes.parts}>
          <SpanTree spans={spans.data} selected={shown.id} select={setSelected} />
          <SpanDetails key={shown.id} span={shown} />
        </div>
      )}
    </>
  );
}

function Head({ workspace, info }: { workspace: string; info: TraceInfo }) {
  const run = info.trace_metadata?.["mlflow.sourceRun"];
  const experiment = info.trace_location.mlflow_experiment?.experiment_id;
  const tags = Object.entries(info.tags ?? {}).filter(([key]) => !key.startsWith("mlflow."));
  const said = info.assessments ?? [];
  return (
    <section className={classes.head} aria-label="About the trace">
      <Group gap="sm" mb={6}>
        <h2 className="ellipsis" title={traceName(info)}>
          {traceName(info) || "(no name)"}
        </h2>
        <TraceState state={info.state} />
      </Group>
      <Facts
        facts={[
          ["When", <Moment key="w" ms={Date.parse(info.request_time)} />],
          ["Took", duration(traceDuration(info))],
          ["User", info.trace_metadata?.["mlflow.user"] ?? ""],
          ["Session", info.trace_metadata?.["mlflow.trace.session"] ?? ""],
          ["Source", info.trace_metadata?.["mlflow.source.name"] ?? ""],
          [
            "Run",
            run && experiment ? (
              <RunLink key="r" workspace={workspace} experiment={experiment} run={run} name={run} />
            ) : (
              ""
            ),
          ],
          ["Tags", tags.map(([key, value]) => `${key}: ${value}`).join(", ")],
          [
            "Assessed",
            said.length > 0 ? (
              <span key="a" className={classes.chips}>
                {said.map((one) => (
                  <Assessed key={one.assessment_id} said={one} />
                ))}
              </span>
            ) : (
              ""
            ),
          ],
          [
            "Trace id",
            <span key="i" className={classes.copied}>
              <code className="ellipsis">{info.trace_id}</code>
              <Copy text={info.trace_id} what="Copy trace id" />
            </span>,
          ],
        ]}
      />
    </section>
  );
}
