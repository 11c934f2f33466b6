/** Runs that were started in this one. */
import { Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { RunPageData } from "@/api/run-page";
import { RunList } from "@/components/RunList";
import { quoted } from "@/lib/filter-text";
import { MoreRows } from "@/pages/run/overview/MetricTable";
import classes from "@/pages/run/run.module.css";

const FIRST = 20;

export function Nested({ workspace, page }: { workspace: string; page: RunPageData }) {
  const [all, setAll] = useState(false);
  const { children, more_children } = page;
  if (children.length === 0) return null;
  const shown = all ? children : children.slice(0, FIRST);
  const { run_id, experiment_id } = page.run.info;
  return (
    <section className={`panel ${classes.card}`} aria-label="Nested runs">
      <div className={classes.cardHead}>
        <Title order={2}>Nested runs</Title>
        <Link
          to="/workspaces/$workspace/experiments/$experiment"
          params={{ workspace, experiment: experiment_id }}
          search={{ f: `tags.\`mlflow.parentRunId\` = ${quoted(run_id)}` }}
        >
          {more_children ? "All" : children.length} in the table
        </Link>
        {children.length > 1 && (
          <Link
            to="/workspaces/$workspace/compare"
            params={{ workspace }}
            search={{ runs: children.map((one) => one.run_id) }}
          >
            Compare{more_children ? ` the first ${children.length}` : ""}
          </Link>
        )}
      </div>
      <RunList workspace={workspace} runs={shown} most={shown.length} empty="" />
      <MoreRows more={children.length - shown.length} show={() => setAll(true)} />
    </section>
  );
}
