/** Jobs as rows, with what one may do with each. */
import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowsSort, IconDots, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Job } from "@/api/jobs";
import { useMay } from "@/api/may";
import { FloatingMenu } from "@/components/FloatingMenu";
import { CancelJob } from "@/components/jobs/CancelJob";
import { JobStateBadge } from "@/components/jobs/JobStateBadge";
import classes from "@/components/jobs/jobs.module.css";
import { PriorityDialog } from "@/components/jobs/PriorityDialog";
import { ResubmitDialog } from "@/components/jobs/ResubmitDialog";
import { TargetLink } from "@/components/jobs/TargetLink";
import { ExperimentLink, RunLink } from "@/components/links";
import { Moment, useNow } from "@/components/Moment";
import { duration } from "@/lib/format";
import { cancelable, errorWords, reasonOf, timeOf, waiting } from "@/lib/job-state";

export type JobColumn = "place" | "experiment" | "target" | "waits" | "priority";
type Dialog = "cancel" | "resubmit" | "priority";

export function JobTable({
  workspace,
  jobs,
  columns,
  experimentName,
  label,
}: {
  workspace: string;
  jobs: readonly Job[];
  /** Beside those that are always there. */
  columns: readonly JobColumn[];
  experimentName?: (id: string) => string;
  label: string;
}) {
  const may = useMay(workspace);
  const [menu, setMenu] = useState<{ at: HTMLElement; job: Job } | null>(null);
  const [dialog, setDialog] = useState<{ kind: Dialog; job: Job } | null>(null);
  const now = useNow();
  const has = (column: JobColumn) =>
    columns.includes(column) && (column !== "priority" || jobs.some((job) => job.priority !== 0));
  const write = may("jobs/write");
  const asked = (kind: Dialog) => (dialog?.kind === kind ? dialog.job : null);
  const close = () => setDialog(null);
  const item = (kind: Dialog, icon: ReactNode, text: string, color?: string) => (
    <Menu.Item
      leftSection={icon}
      {...(color ? { color } : {})}
      onClick={() => setDialog({ kind, job: menu!.job })}
    >
      {text}
    </Menu.Item>
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={`panel ${classes.table}`} aria-label={label} tabIndex={0}>
        <table className="plain">
          <thead>
            <tr>
              {has("place") && (
                <th scope="col" className={classes.wide}>
                  Place
                </th>
              )}
              <th scope="col">State</th>
              <th scope="col">Run</th>
              {has("experiment") && <th scope="col">Experiment</th>}
              {has("target") && <th scope="col">Target</th>}
              {has("waits") && (
                <th scope="col" className={classes.wide}>
                  Why it waits
                </th>
              )}
              <th scope="col">By</th>
              <th scope="col">Submitted</th>
              <th scope="col">Time</th>
              {has("priority") && (
                <th scope="col" className={classes.right}>
                  Priority
                </th>
              )}
              {write && (
                <th scope="col" className={classes.menu}>
                  <span className="only-read">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => {
              const time = timeOf(job, now);
              return (
                <tr key={job.run_id}>
                  {has("place") && <td className={`numeric ${classes.wide}`}>{job.queue_position ?? ""}</td>}
                  <td>
                    <JobStateBadge state={job.state} />
                  </td>
                  <td className={classes.run}>
                    <RunLink
                      workspace={workspace}
                      experiment={job.experiment_id}
                      run={job.run_id}
                      name={job.run_name}
                    />
                    <Below job={job} waits={!has("waits")} />
                    {has("waits") && job.waits && (
                      <div className={`quiet ${classes.narrow}`}>{job.waits}</div>
                    )}
                  </td>
                  {has("experiment") && (
                    <td className={`ellipsis ${classes.short}`}>
                      <ExperimentLink
                        workspace={workspace}
                        experiment={job.experiment_id}
                        name={experimentName?.(job.experiment_id) ?? job.experiment_id}
                      />
                    </td>
                  )}
                  {has("target") && (
                    <td className={`ellipsis ${classes.short}`}>
                      <TargetLink workspace={workspace} target={job.target} />
                    </td>
                  )}
                  {has("waits") && <td className={`${classes.waits} ${classes.wide}`}>{job.waits}</td>}
                  <td className={`ellipsis ${classes.short}`} title={job.submitted_by}>
                    {job.submitted_by}
                  </td>
                  <td>
                    <Moment ms={job.created_ms} plain />
                  </td>
                  <td className="numeric">
                    {time.kind === "ran" ? (
                      duration(time.ms)
                    ) : (
                      <span className="quiet">waited {duration(time.ms)}</span>
                    )}
                  </td>
                  {has("priority") && <td className={classes.right}>{job.priority || ""}</td>}
                  {write && (
                    <td className={classes.menu}>
                      <ActionIcon
                        aria-label={`Actions for ${job.run_name || job.run_id}`}
                        aria-haspopup="menu"
                        onClick={(event) => setMenu({ at: event.currentTarget, job })}
                      >
                        <IconDots size={16} />
                      </ActionIcon>
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <FloatingMenu
        at={menu?.at ?? null}
        label={`Actions for ${menu?.job.run_name ?? ""}`}
        onClose={() => setMenu(null)}
      >
        {item("resubmit", <IconRefresh size={15} />, "Resubmit…")}
        {menu?.job.state === "NotStarted" && item("priority", <IconArrowsSort size={15} />, "Priority…")}
        {menu && cancelable(menu.job.state) && (
          <>
            <Menu.Divider />
            {item("cancel", <IconPlayerStop size={15} />, "Cancel…", "red")}
          </>
        )}
      </FloatingMenu>
      <CancelJob workspace={workspace} job={asked("cancel")} onClose={close} />
      <PriorityDialog workspace={workspace} job={asked("priority")} onClose={close} />
      <ResubmitDialog workspace={workspace} job={asked("resubmit")} onClose={close} />
    </>
  );
}

/** Under the name: why it failed or waits, and that it has others below it. */
function Below({ job, waits }: { job: Job; waits: boolean }) {
  const text =
    job.state === "Failed" && job.error
      ? `${errorWords(job.error.code).title}: ${reasonOf(job.error)}`
      : (waits && waiting(job.state) && job.waits) || (job.kind === "script" ? "" : job.kind);
  if (text === "") return null;
  return (
    <div className="quiet ellipsis" style={{ fontSize: 12.5 }} title={text}>
      {text}
    </div>
  );
}
