import { Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { recentRunsQuery } from "@/api/recent-runs";
import type { Workspace } from "@/api/workspaces";
import { RunLink } from "@/components/links";
import { Moment } from "@/components/Moment";
import { Status } from "@/components/Status";
import classes from "@/pages/home/WorkspaceCard.module.css";

const SHOWN = 4;

/** A workspace with its newest runs. */
export function WorkspaceCard({ workspace }: { workspace: Workspace }) {
  const { data, isError } = useQuery(recentRunsQuery(workspace.name, "latest", SHOWN));
  return (
    <article className={`panel ${classes.card}`}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Title order={2} className="ellipsis">
          <Link to="/workspaces/$workspace" params={{ workspace: workspace.name }} title={workspace.name}>
            {workspace.friendly_name || workspace.name}
          </Link>
        </Title>
        <Text size="xs" className="quiet ellipsis">
          {workspace.group}
        </Text>
      </Group>
      <Text size="sm" className={`quiet ${classes.description}`}>
        {workspace.description}
      </Text>
      <Stack gap={2} className={classes.runs!}>
        {!data && !isError && Array.from({ length: SHOWN }, (_, i) => <Skeleton key={String(i)} h={20} />)}
        {data?.rows.map((run) => (
          <Group key={run.runId} gap="xs" wrap="nowrap" justify="space-between">
            <Group gap={6} wrap="nowrap" miw={0}>
              <Status status={run.status} word={false} />
              <RunLink
                workspace={workspace.name}
                experiment={run.experimentId}
                run={run.runId}
                name={run.name}
              />
            </Group>
            <Text component="span" size="xs" className="quiet" style={{ whiteSpace: "nowrap" }}>
              <Moment ms={run.startMs} />
            </Text>
          </Group>
        ))}
        {data?.rows.length === 0 && (
          <Text size="sm" className="quiet">
            No runs yet
          </Text>
        )}
      </Stack>
    </article>
  );
}
