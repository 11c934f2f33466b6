import { Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { recentRunsQuery } from "@/api/recent-runs";
import { RunLink } from "@/components/links";
import { Moment } from "@/components/Moment";
import { Status } from "@/components/Status";
import type { RunKind } from "@/lib/run-kinds";
import classes from "@/pages/overview/overview.module.css";

const SHOWN = 8;

export function RecentRuns({
  workspace,
  kind,
  title,
  empty,
}: {
  workspace: string;
  kind: RunKind;
  title: string;
  empty: string;
}) {
  const { data, error } = useQuery(recentRunsQuery(workspace, kind, SHOWN));
  return (
    <section className={`panel ${classes.box}`} aria-label={title}>
      <Title order={2} mb={6}>
        {title}
      </Title>
      <div className={classes.runs}>
        {error && <Text size="sm">{error.message}</Text>}
        {!data &&
          !error &&
          Array.from({ length: SHOWN }, (_, i) => <Skeleton key={String(i)} h={22} my={3} />)}
        {data?.rows.length === 0 && (
          <Text size="sm" className="quiet">
            {empty}
          </Text>
        )}
        {data?.rows.map((run) => (
          <div key={run.runId} className={classes.run}>
            <Status status={run.status} word={false} />
            <RunLink workspace={workspace} experiment={run.experimentId} run={run.runId} name={run.name} />
            <span className={`quiet ${classes.when}`}>
              <Moment ms={run.startMs} />
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}
