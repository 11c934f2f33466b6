/** Traces that were made within the run. */
import { Group } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useLiveTraces } from "@/api/live";
import { tracesQuery } from "@/api/traces";
import { CodeToCopy } from "@/components/Copy";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { TraceDrawer } from "@/components/traces/TraceDrawer";
import { TraceTable } from "@/components/traces/TraceTable";
import { quoted } from "@/lib/filter-text";
import type { PartProps } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

export default function RunTraces({ workspace, page, search, change }: PartProps) {
  const { info } = page.run;
  const found = useInfiniteQuery(
    tracesQuery(workspace, [info.experiment_id], `run_id = ${quoted(info.run_id)}`),
  );
  useLiveTraces(workspace, [info.experiment_id], () => found.refetch());
  if (found.isPending) return <Waiting label="Loading traces" />;
  if (found.isError && !found.data) return <Broken error={found.error} again={() => found.refetch()} />;
  const traces = found.data.pages.flatMap((one) => one.traces ?? []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scrolls} tabIndex={0} aria-label="Traces">
      {traces.length === 0 ? (
        <Empty title="No traces" icon={<IconRoute size={28} aria-hidden />}>
          Calls that are traced while the run runs are shown here:
          <CodeToCopy
            text={
              'import mlflow\n\n@mlflow.trace\ndef answer(question): ...\n\nwith mlflow.start_run():\n    answer("…")'
            }
          />
        </Empty>
      ) : (
        <TraceTable traces={traces} show={(trace) => change({ trace })} />
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
      <TraceDrawer workspace={workspace} trace={search.trace} onClose={() => change({ trace: "" })} />
    </section>
  );
}
