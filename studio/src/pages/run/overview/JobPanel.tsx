/** What was submitted: how far it is, where, and with what. */
import { Alert, Title } from "@mantine/core";
import { IconCircle, IconCircleCheck, IconCircleDot, IconCircleX, IconPlayerStop } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Job, JobDefinition } from "@/api/jobs";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { JobStateBadge } from "@/components/jobs/JobStateBadge";
import { TargetLink } from "@/components/jobs/TargetLink";
import { Moment, useNow } from "@/components/Moment";
import { environmentText } from "@/lib/environment-text";
import { duration } from "@/lib/format";
import { ended, errorWords, exitWords, type Step, stateText, stepsOf } from "@/lib/job-state";
import { resourcesText } from "@/lib/resources-text";
import { BUILD, OUTPUT } from "@/lib/run-logs";
import { lineOf } from "@/lib/shell-words";
import classes from "@/pages/run/overview/job.module.css";
import type { ChangeRunSearch } from "@/pages/run/RunPage";
import run from "@/pages/run/run.module.css";

interface PanelProps {
  workspace: string;
  job: Job;
  change: ChangeRunSearch;
}

export function JobPanel({
  workspace,
  job,
  note,
  best,
  change,
}: PanelProps & {
  /** What people should know of a sweep; empty: nothing. */
  note: string;
  /** The best trial of a sweep. */
  best: ReactNode;
}) {
  return (
    <section className={`panel ${run.card}`} aria-label="Job">
      <div className={run.cardHead}>
        <Title order={2}>Job</Title>
        <JobStateBadge state={job.state} />
      </div>
      {job.kind !== "sweep" && <Steps steps={stepsOf(job)} />}
      {job.error && job.state !== "Canceled" ? (
        <Trouble job={job} change={change} />
      ) : (
        <p className={classes.text} role="status">
          {stateText(job)}{" "}
          {job.queue_position !== null && `It is number ${job.queue_position.toLocaleString("en-US")}. `}
          {!ended(job.state) && job.waits}
        </p>
      )}
      {note && <Alert color="orange">{note}</Alert>}
      <Facts facts={[["Best trial", best], ...factsOf({ workspace, job, change })]} />
    </section>
  );
}

const ICONS = {
  done: IconCircleCheck,
  now: IconCircleDot,
  next: IconCircle,
  failed: IconCircleX,
  stopped: IconPlayerStop,
} as const;
const READ = { done: "done", now: "now", next: "not yet", failed: "failed here", stopped: "stopped here" };

function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className={classes.steps} aria-label="Steps">
      {steps.map(({ name, place }) => {
        const Icon = ICONS[place];
        return (
          <li
            key={name}
            className={`${classes.step} ${place === "next" ? "" : classes[place]}`}
            aria-current={place === "now" ? "step" : undefined}
          >
            <Icon size={15} aria-hidden />
            {name}
            <span className="only-read">: {READ[place]}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** Why it failed, in words, and where to read on. */
function Trouble({ job, change }: Omit<PanelProps, "workspace">) {
  const error = job.error!;
  const { title, hint } = errorWords(error.code);
  const exit = exitWords(error);
  const build = error.code === "EnvironmentError";
  return (
    <div className={classes.error} role="status">
      <h3>
        {title}
        {exit && <span className="quiet"> · {exit}</span>}
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      {error.message && <pre tabIndex={0}>{error.message}</pre>}
      {hint}{" "}
      <button
        type="button"
        className="linklike"
        onClick={() => change({ tab: "logs", log: build ? BUILD : job.started_ms === null ? "" : OUTPUT })}
      >
        {build ? "Read the build log" : "Read the logs"}
      </button>
    </div>
  );
}

function factsOf({ workspace, job, change }: PanelProps): [string, ReactNode][] {
  const { definition } = job;
  const environment = environmentText(definition.environment);
  const command = commandOf(definition);
  const variables = Object.entries(definition.environment_variables ?? {});
  return [
    ["Target", <TargetLink key="t" workspace={workspace} target={job.target} />],
    ["Machine", job.host],
    [
      "Submitted",
      <span key="s">
        <Moment ms={job.created_ms} /> <span className="quiet">by {job.submitted_by}</span>
      </span>,
    ],
    ["Waited", <Waited key="w" job={job} />],
    ["Ran", job.started_ms === null ? "" : <Ran key="r" from={job.started_ms} to={job.ended_ms} />],
    [
      "Last sign of life",
      job.beat_ms !== null && !ended(job.state) ? <Moment key="b" ms={job.beat_ms} /> : "",
    ],
    [
      "Command",
      command ? (
        <span key="c" className={run.copied}>
          <span className={classes.command}>{command}</span>
          <Copy text={command} what="Copy the command" />
        </span>
      ) : (
        ""
      ),
    ],
    ["Machines", machinesOf(definition)],
    ["Environment", <More key="e" title={environment.name} text={environment.packages} />],
    ["Image", environment.image],
    [
      "Variables",
      variables.length > 0 ? (
        <More
          key="v"
          title={variables.length === 1 ? "1 variable" : `${variables.length} variables`}
          text={variables.map(([name, value]) => `${name}=${value}`).join("\n")}
        />
      ) : (
        ""
      ),
    ],
    [
      "Sources",
      job.snapshot_id ? (
        <button key="n" type="button" className="linklike" onClick={() => change({ tab: "code", path: "" })}>
          Snapshot <span className={run.hash}>{job.snapshot_id.slice(0, 12)}</span>
        </button>
      ) : (
        ""
      ),
    ],
    ["Longest time", definition.max_seconds ? duration(definition.max_seconds * 1000) : ""],
    ["Priority", job.priority === 0 ? "" : String(job.priority)],
    ["Called by the target", job.engine_id],
  ];
}

const commandOf = ({ script, arguments: words = [], command = [] }: JobDefinition): string =>
  lineOf(command.length > 0 ? command : script ? ["python", script, ...words] : []);

/** What it asks for, unless that is one process of one machine. */
function machinesOf(definition: JobDefinition): string {
  const { node_count = 1, process_count = 1, communicator = "None", resources = {} } = definition;
  const each = resourcesText(resources);
  if (node_count === 1 && process_count === 1) return each;
  const nodes = `${node_count} ${node_count === 1 ? "node" : "nodes"}`;
  const processes = process_count > 1 ? `${process_count} processes on each` : "";
  return [nodes, processes, communicator === "None" ? "" : communicator, each].filter(Boolean).join(" · ");
}

function Waited({ job }: { job: Job }) {
  const now = useNow();
  const until = job.started_ms ?? job.ended_ms ?? now;
  return <span className="numeric">{duration(Math.max(0, until - job.created_ms))}</span>;
}

function Ran({ from, to }: { from: number; to: number | null }) {
  const now = useNow();
  return <span className="numeric">{duration(Math.max(0, (to ?? now) - from))}</span>;
}

/** A name, and what stands behind it for those who look. */
function More({ title, text }: { title: string; text: string }) {
  if (text === "") return title;
  return (
    <details className={classes.more}>
      <summary>{title}</summary>
      <pre>{text}</pre>
    </details>
  );
}
