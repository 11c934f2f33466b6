/** Who ran it, when, from what. */
import { Title } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { tagOf } from "@/api/run";
import type { RunPageData } from "@/api/run-page";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { ExperimentLink, RunLink } from "@/components/links";
import { Moment, useNow } from "@/components/Moment";
import { Status } from "@/components/Status";
import { count, duration } from "@/lib/format";
import { commitLink } from "@/lib/git-link";
import type { ChangeRunSearch } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

interface AboutProps {
  workspace: string;
  page: RunPageData;
  change: ChangeRunSearch;
}

export function About({ workspace, page, change }: AboutProps) {
  const { run, experiment, parent, life } = page;
  const { info } = run;
  const tag = (key: string) => tagOf(run, key);
  const source = tag("mlflow.source.name");
  const kind = tag("mlflow.source.type").toLowerCase();
  const facts: [string, ReactNode][] = [
    ["Status", <Status key="s" status={info.status} />],
    ["Started", info.start_time ? <Moment key="t" ms={info.start_time} /> : ""],
    ["Ended", info.end_time ? <Moment key="n" ms={info.end_time} /> : ""],
    [
      "Duration",
      info.start_time && info.status !== "SCHEDULED" ? (
        <Duration key="d" start={info.start_time} end={info.end_time} />
      ) : (
        ""
      ),
    ],
    ["Last sign of life", life ? <Life key="l" life={life} running={info.status === "RUNNING"} /> : ""],
    ["User", tag("mlflow.user") || info.user_id],
    [
      "Experiment",
      <ExperimentLink
        key="e"
        workspace={workspace}
        experiment={experiment.experiment_id}
        name={experiment.name || experiment.experiment_id}
      />,
    ],
    [
      "Nested in",
      parent ? (
        <RunLink
          key="p"
          workspace={workspace}
          experiment={parent.experiment_id}
          run={parent.run_id}
          name={parent.name}
        />
      ) : (
        ""
      ),
    ],
    [
      "Source",
      source ? (
        <Fragment key="o">
          <span>{source}</span>
          {kind && <span className="quiet">{kind}</span>}
        </Fragment>
      ) : (
        ""
      ),
    ],
    ["Commit", tag("mlflow.source.git.commit") ? <Commit key="c" page={page} /> : ""],
    ["Branch", tag("mlflow.source.git.branch")],
    ["Repository", tag("mlflow.source.git.repoURL")],
    ["Environment", environment(tag)],
    ["Points", `${count(page.points)} in ${count(page.series)} ${page.series === 1 ? "metric" : "metrics"}`],
    [
      "Run id",
      <span key="i" className={classes.copied}>
        <span className={`ellipsis ${classes.hash}`} title={info.run_id}>
          {info.run_id}
        </span>
        <Copy text={info.run_id} what="Copy run id" />
      </span>,
    ],
    [
      "Artifacts",
      <span key="a" className={classes.copied}>
        <span className="ellipsis" title={info.artifact_uri}>
          <button
            type="button"
            className="linklike"
            onClick={() => change({ tab: "artifacts", path: "", model: "" })}
          >
            {info.artifact_uri}
          </button>
        </span>
        <Copy text={info.artifact_uri} what="Copy artifact URI" />
      </span>,
    ],
  ];
  return (
    <section className={`panel ${classes.card}`} aria-label="About">
      <div className={classes.cardHead}>
        <Title order={2}>About</Title>
      </div>
      <Facts facts={facts} />
    </section>
  );
}

function Duration({ start, end }: { start: number; end: number | undefined }) {
  const now = useNow();
  return <span className="numeric">{duration((end ?? now) - start)}</span>;
}

function Life({ life, running }: { life: NonNullable<RunPageData["life"]>; running: boolean }) {
  return (
    <>
      <Moment ms={life.beat_ms} />
      <span className="quiet">
        from {life.host}
        {running && life.lost_ms !== null && ", silent since then"}
      </span>
    </>
  );
}

export function Commit({ page }: { page: RunPageData }) {
  const commit = tagOf(page.run, "mlflow.source.git.commit");
  const link = commitLink(tagOf(page.run, "mlflow.source.git.repoURL"), commit);
  const short = <span className={classes.hash}>{commit.slice(0, 12)}</span>;
  return (
    <>
      {link ? (
        <a href={link} target="_blank" rel="noopener noreferrer nofollow" title={commit}>
          {short}
        </a>
      ) : (
        <span title={commit}>{short}</span>
      )}
      <Copy text={commit} what="Copy commit" />
      {tagOf(page.run, "azureml.git.dirty") === "True" && <span className="quiet">with changes</span>}
    </>
  );
}

/** Where it was told in what the code ran. */
function environment(tag: (key: string) => string): string {
  const image = tag("mlflow.docker.image.name") || tag("mlflow.docker.image.id");
  const project = tag("mlflow.project.env");
  const named = tag("runyard.environment") || tag("azureml.environment");
  return [named, project, image].filter(Boolean).join(" · ");
}
