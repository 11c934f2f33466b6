/** A few runs: state, name, when. */
import { Skeleton, Text } from "@mantine/core";
import type { CSSProperties } from "react";
import type { RunBrief } from "@/api/overview";
import { RunLink } from "@/components/links";
import { Moment } from "@/components/Moment";
import classes from "@/components/RunList.module.css";
import { Status } from "@/components/Status";

export function RunList({
  workspace,
  runs,
  most,
  empty,
}: {
  workspace: string;
  /** Not here yet: the places of `most` runs are kept free. */
  runs: readonly RunBrief[] | undefined;
  most: number;
  empty: string;
}) {
  return (
    <div className={classes.list} style={{ "--most": most } as CSSProperties}>
      {runs === undefined &&
        Array.from({ length: most }, (_, i) => <Skeleton key={String(i)} h={20} my={4} />)}
      {runs?.length === 0 && (
        <Text size="sm" className="quiet">
          {empty}
        </Text>
      )}
      {runs?.slice(0, most).map((run) => (
        <div key={run.run_id} className={classes.run}>
          <Status status={run.status} word={false} />
          <RunLink workspace={workspace} experiment={run.experiment_id} run={run.run_id} name={run.name} />
          <span className={`quiet ${classes.when}`}>
            <Moment ms={run.start_ms} />
          </span>
        </div>
      ))}
    </div>
  );
}
