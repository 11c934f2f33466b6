import { cancelJob, type Job } from "@/api/jobs";
import { Confirm } from "@/components/Confirm";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";
import { waiting } from "@/lib/job-state";

/** Asks, and stops a job. null: nothing is asked. */
export function CancelJob({
  workspace,
  job,
  onClose,
  onDone,
}: {
  workspace: string;
  job: Job | null;
  onClose: () => void;
  onDone?: () => Promise<unknown>;
}) {
  const say = useSay();
  const refresh = useJobsRefresh(workspace);
  const name = job?.run_name || job?.run_id || "";
  return (
    <Confirm
      open={job !== null}
      onClose={onClose}
      title="Cancel this run?"
      action="Cancel the run"
      dismiss="Keep it"
      onConfirm={async () => {
        try {
          await cancelJob(workspace, job!.run_id);
          await Promise.all([refresh(), onDone?.()]);
          say.done(`${name} was asked to stop`);
        } catch (error) {
          say.error(error);
        }
      }}
    >
      {job && (
        <>
          <b style={{ overflowWrap: "anywhere" }}>{name}</b>{" "}
          {waiting(job.state)
            ? "leaves the queue and is not run."
            : "is stopped with all its processes. What it has logged stays; what it has not uploaded is lost."}
          {job.kind === "sweep" && " Its trials are canceled, too."} This cannot be taken back, but it can be
          submitted again.
        </>
      )}
    </Confirm>
  );
}
