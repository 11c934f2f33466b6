import { Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { overviewQuery } from "@/api/overview";
import type { Workspace } from "@/api/workspaces";
import { RunList } from "@/components/RunList";
import { count } from "@/lib/format";
import classes from "@/pages/home/WorkspaceCard.module.css";

const SHOWN = 4;
const many = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A workspace with how much is in it and its newest runs. */
export function WorkspaceCard({ workspace }: { workspace: Workspace }) {
  const { data, isError } = useQuery(overviewQuery(workspace.name));
  const running = data?.runs_by_status.RUNNING ?? 0;
  return (
    <article className={`panel ${classes.card}`}>
      <Title order={2} className="ellipsis">
        <Link to="/workspaces/$workspace" params={{ workspace: workspace.name }} title={workspace.name}>
          {workspace.friendly_name || workspace.name}
        </Link>
      </Title>
      <Text size="sm" className={`quiet ${classes.description}`}>
        {workspace.description || `Resource group ${workspace.group}`}
      </Text>
      <Group gap="md" className={`quiet ${classes.counts}`}>
        {data && (
          <>
            <span>{many(data.experiments, "experiment")}</span>
            <span>{data.runs === null ? "many runs" : many(data.runs, "run")}</span>
            {running > 0 && <span>{count(running)} running</span>}
          </>
        )}
      </Group>
      <RunList
        workspace={workspace.name}
        runs={isError ? [] : data?.latest}
        most={SHOWN}
        empty={isError ? "Its runs could not be read." : "No runs yet"}
      />
    </article>
  );
}
