/** The trials of a sweep: what each tried, how far it came, and which is the best. */
import { Alert, Button, Title } from "@mantine/core";
import { IconChartDots3, IconColumns, IconListNumbers, IconTrophy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { type Sweep, sweepQuery, type Trial } from "@/api/sweeps";
import { Facts } from "@/components/Facts";
import { JobStateBadge } from "@/components/jobs/JobStateBadge";
import jobs from "@/components/jobs/jobs.module.css";
import { RunLink } from "@/components/links";
import { Broken, Empty, Waiting } from "@/components/states";
import { quoted } from "@/lib/filter-text";
import { duration, number } from "@/lib/format";
import { ended } from "@/lib/job-state";
import {
  firstOrder,
  type Order,
  parameterNames,
  rangeText,
  shownValue,
  sortedTrials,
  trialCharts,
} from "@/lib/trials";
import type { PartProps } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

const OFTEN_MS = 5_000;
const FIRST = 200;
const MOST_COMPARED = 1_000;

export default function Trials({ workspace, page, job }: PartProps) {
  const { run_id, experiment_id } = page.run.info;
  const going = job !== null && !ended(job.state);
  const found = useQuery({
    ...sweepQuery(workspace, run_id),
    refetchInterval: going ? OFTEN_MS : false,
  });
  const { refetch } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changed may be a trial, and the end is one
  useEffect(() => void refetch(), [going, page.version]);
  if (found.isPending) return <Waiting label="Loading trials" />;
  if (found.isError && !found.data) return <Broken error={found.error} again={() => found.refetch()} />;
  const { config, trials, note } = found.data;
  const names = parameterNames(config.space, trials);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scrolls} tabIndex={0} aria-label="Trials">
      <section className={`panel ${classes.card}`} aria-label="Sweep" style={{ margin: "8px 0 10px" }}>
        <div className={classes.cardHead}>
          <Title order={2}>Sweep</Title>
          {trials.length > 1 && (
            <Button
              component={Link}
              variant="default"
              leftSection={<IconColumns size={15} />}
              {...({
                to: "/workspaces/$workspace/compare",
                params: { workspace },
                search: { runs: trials.slice(0, MOST_COMPARED).map((one) => one.run_id) },
              } as object)}
            >
              Compare
            </Button>
          )}
          {trials.length > 0 && (
            <Button
              component={Link}
              variant="default"
              leftSection={<IconChartDots3 size={15} />}
              {...({
                to: "/workspaces/$workspace/experiments/$experiment",
                params: { workspace, experiment: experiment_id },
                search: {
                  tab: "charts",
                  f: `tags.\`mlflow.parentRunId\` = ${quoted(run_id)}`,
                  c: trialCharts(names, config.metric ?? ""),
                },
              } as object)}
            >
              Parallel coordinates
            </Button>
          )}
        </div>
        {note && <Alert color="orange">{note}</Alert>}
        <Facts facts={factsOf(found.data)} />
      </section>
      {trials.length === 0 ? (
        <Empty title="No trial yet" icon={<IconListNumbers size={28} aria-hidden />}>
          {going
            ? "The first ones appear here as soon as they are submitted."
            : "The sweep ended before its first trial."}
        </Empty>
      ) : (
        <TrialTable
          workspace={workspace}
          experiment={experiment_id}
          sweep={found.data}
          names={names}
          runNames={new Map(page.children.map((one) => [one.run_id, one.name]))}
        />
      )}
    </section>
  );
}

function factsOf({ config, trials }: Sweep): [string, string][] {
  const done = trials.filter((one) => ended(one.state)).length;
  const { policy } = config;
  return [
    ["Goal", config.metric ? `${config.goal ?? ""} ${config.metric}`.trim() : ""],
    ["Sampling", config.sampling ?? ""],
    ["Trials", `${done} of ${config.max_total ?? trials.length} done`],
    ["At once", config.max_concurrent ? String(config.max_concurrent) : ""],
    ["Longest time", config.max_seconds ? duration(config.max_seconds * 1000) : ""],
    ["Early stopping", policy && policy.kind !== "none" ? rangeText(policy) : ""],
    ...Object.entries(config.space ?? {}).map(([name, range]): [string, string] => [name, rangeText(range)]),
  ];
}

function TrialTable({
  workspace,
  experiment,
  sweep: { config, trials },
  names,
  runNames,
}: {
  workspace: string;
  experiment: string;
  sweep: Sweep;
  names: readonly string[];
  /** Names of runs that are known. */
  runNames: ReadonlyMap<string, string>;
}) {
  const [order, setOrder] = useState<Order>(firstOrder(config.goal));
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => sortedTrials(trials, order), [trials, order]);
  const shown = all ? sorted : sorted.slice(0, FIRST);
  const head = (by: Order["by"], text: string) => (
    <th
      key={by}
      scope="col"
      aria-sort={order.by === by ? (order.down ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        className="linklike"
        onClick={() => setOrder({ by, down: order.by === by ? !order.down : false })}
      >
        {text}
        {order.by === by && <span aria-hidden>{order.down ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
  const row = (trial: Trial) => (
    <tr key={trial.run_id}>
      <td>
        <JobStateBadge state={trial.state} />
        {trial.stopped && (
          <div className="quiet" style={{ fontSize: 12.5 }}>
            {trial.stopped === "time" ? "the sweep's time was over" : "stopped early"}
          </div>
        )}
      </td>
      <td className={jobs.run}>
        <RunLink
          workspace={workspace}
          experiment={experiment}
          run={trial.run_id}
          name={runNames.get(trial.run_id) ?? `trial ${trial.number}`}
        />
      </td>
      <td className="numeric">
        {trial.metric === null ? <span className="quiet">–</span> : number(trial.metric)}
        {trial.best && (
          <>
            {" "}
            <IconTrophy size={14} role="img" aria-label="the best" />
          </>
        )}
      </td>
      {names.map((name) => (
        <td
          key={name}
          className={`numeric ellipsis ${jobs.short}`}
          title={shownValue(trial.parameters[name])}
        >
          {shownValue(trial.parameters[name])}
        </td>
      ))}
    </tr>
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={`panel ${jobs.table}`} aria-label="Table of trials" tabIndex={0}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">State</th>
              {head("started", "Run")}
              {head("metric", config.metric ?? "Metric")}
              {names.map((name) => head(`p.${name}`, name))}
            </tr>
          </thead>
          <tbody>{shown.map(row)}</tbody>
        </table>
      </section>
      {shown.length < sorted.length && (
        <Button variant="default" mt="sm" onClick={() => setAll(true)}>
          Show all {sorted.length.toLocaleString("en-US")}
        </Button>
      )}
    </>
  );
}
