/** Stops what was submitted, or submits it once more. */
import { Button } from "@mantine/core";
import { IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { lazy, useState } from "react";
import type { Job } from "@/api/jobs";
import { useMay } from "@/api/may";
import { Lazily } from "@/components/Lazily";
import { cancelable } from "@/lib/job-state";

const CancelJob = lazy(() =>
  import("@/components/jobs/CancelJob").then((one) => ({ default: one.CancelJob })),
);
const ResubmitDialog = lazy(() =>
  import("@/components/jobs/ResubmitDialog").then((one) => ({ default: one.ResubmitDialog })),
);

export function JobButtons({
  workspace,
  job,
  refresh,
}: {
  workspace: string;
  job: Job;
  refresh: () => Promise<unknown>;
}) {
  const may = useMay(workspace);
  const [dialog, setDialog] = useState<"cancel" | "resubmit" | null>(null);
  if (!may("jobs/write")) return null;
  const close = () => setDialog(null);
  return (
    <>
      {cancelable(job.state) && (
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={14} />}
          onClick={() => setDialog("cancel")}
        >
          Cancel
        </Button>
      )}
      <Button variant="default" leftSection={<IconRefresh size={14} />} onClick={() => setDialog("resubmit")}>
        Resubmit
      </Button>
      <Lazily when={dialog === "cancel"}>
        <CancelJob
          workspace={workspace}
          job={dialog === "cancel" ? job : null}
          onClose={close}
          onDone={refresh}
        />
      </Lazily>
      <Lazily when={dialog === "resubmit"}>
        <ResubmitDialog workspace={workspace} job={dialog === "resubmit" ? job : null} onClose={close} />
      </Lazily>
    </>
  );
}
