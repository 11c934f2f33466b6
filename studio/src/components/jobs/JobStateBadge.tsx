/** The state of a job, by colour, shape and word. */
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconLoader2,
  IconPlayerStop,
} from "@tabler/icons-react";
import classes from "@/components/jobs/jobs.module.css";
import { type JobState, type Look, lookOf, STATE_WORDS } from "@/lib/job-state";

const ICONS = {
  waiting: IconClock,
  running: IconLoader2,
  finished: IconCircleCheck,
  failed: IconCircleX,
  stopped: IconPlayerStop,
  silent: IconAlertTriangle,
} satisfies Record<Look, unknown>;

export function JobStateBadge({ state }: { state: JobState }) {
  const look = lookOf(state);
  const Icon = ICONS[look];
  return (
    <span className={`${classes.state} ${classes[look]}`}>
      <Icon size={15} aria-hidden />
      {STATE_WORDS[state] ?? state}
    </span>
  );
}
