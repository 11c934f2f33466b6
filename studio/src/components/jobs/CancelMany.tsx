import { Button } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { cancelJob, type Job } from "@/api/jobs";
import { Confirm } from "@/components/Confirm";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";
import { cancelable, waiting } from "@/lib/job-state";

const AT_ONCE = 6;
/** So many are not stopped by a slip of the hand. */
const MANY = 5;

/** Stops all of the jobs that are shown and not done, once somebody said so. */
export function CancelMany({ workspace, jobs }: { workspace: string; jobs: readonly Job[] }) {
  const say = useSay();
  const refresh = useJobsRefresh(workspace);
  const [asked, setAsked] = useState<readonly Job[] | null>(null);
  const open = jobs.filter((one) => cancelable(one.state));
  // What the dialog speaks of stays as it was, while the list beside it goes on.
  const meant = asked ?? [];
  const cancel = async () => {
    const rest = [...meant];
    const failures: unknown[] = [];
    const work = async () => {
      for (let job = rest.shift(); job !== undefined; job = rest.shift())
        await cancelJob(workspace, job.run_id).catch((error) => failures.push(error));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await refresh();
    say.done(`${meant.length - failures.length} of ${meant.length} runs were asked to stop`);
    if (failures.length > 0) say.error(failures[0]);
  };
  const idle = meant.filter((one) => waiting(one.state)).length;
  return (
    <>
      {open.length > 1 && (
        <Button variant="default" leftSection={<IconPlayerStop size={14} />} onClick={() => setAsked(open)}>
          Cancel all shown
        </Button>
      )}
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        title={`Cancel ${meant.length.toLocaleString("en-US")} runs?`}
        action="Cancel the runs"
        dismiss="Keep them"
        {...(meant.length > MANY ? { typed: String(meant.length) } : {})}
        onConfirm={cancel}
      >
        {idle > 0 && `${idle.toLocaleString("en-US")} leave the queue and are not run. `}
        {meant.length > idle &&
          `${(meant.length - idle).toLocaleString("en-US")} are stopped with all their processes. `}
        This cannot be taken back.
      </Confirm>
    </>
  );
}
