/** What the machine did while the run ran. */
import { IconActivity } from "@tabler/icons-react";
import { isSystem } from "@/api/run";
import { CodeToCopy } from "@/components/Copy";
import { Empty } from "@/components/states";
import { Board } from "@/pages/run/charts/Board";
import type { PartProps } from "@/pages/run/RunPage";

export default function SystemCharts({ workspace, page }: PartProps) {
  if (!(page.run.data.metrics ?? []).some((one) => isSystem(one.key)))
    return (
      <Empty title="No system metrics" icon={<IconActivity size={28} aria-hidden />}>
        Processor, memory, disk, network and GPUs are recorded when the run is started so:
        <CodeToCopy
          text={"import mlflow\n\nmlflow.enable_system_metrics_logging()\nwith mlflow.start_run():\n    ..."}
        />
      </Empty>
    );
  return <Board workspace={workspace} page={page} wanted={isSystem} />;
}
