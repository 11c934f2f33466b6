/** The state of a run, by colour, shape and word. */
import { IconCircleCheck, IconCircleX, IconClock, IconLoader2, IconPlayerStop } from "@tabler/icons-react";
import classes from "@/components/Status.module.css";

/** MLflow's numbers. */
export const STATUS = { 1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED" } as const;
export type RunStatus = (typeof STATUS)[keyof typeof STATUS];

const LOOKS = {
  RUNNING: { icon: IconLoader2, word: "Running", style: classes.running },
  SCHEDULED: { icon: IconClock, word: "Scheduled", style: classes.waiting },
  FINISHED: { icon: IconCircleCheck, word: "Finished", style: classes.finished },
  FAILED: { icon: IconCircleX, word: "Failed", style: classes.failed },
  KILLED: { icon: IconPlayerStop, word: "Killed", style: classes.failed },
};

export function Status({ status, word = true }: { status: RunStatus; word?: boolean }) {
  const looks = LOOKS[status] ?? LOOKS.SCHEDULED;
  const Icon = looks.icon;
  return (
    <span className={`${classes.status} ${looks.style}`} title={word ? undefined : looks.word}>
      <Icon size={15} aria-hidden />
      <span className={word ? undefined : "only-read"}>{looks.word}</span>
    </span>
  );
}
