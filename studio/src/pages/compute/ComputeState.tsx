/** What a compute target does, by colour, shape and word. */
import { IconCircleCheck, IconPlayerPause, IconPlugConnectedX } from "@tabler/icons-react";
import type { ComputeState as State } from "@/api/compute";
import classes from "@/components/jobs/jobs.module.css";

const LOOKS = {
  Running: { icon: IconCircleCheck, word: "Ready", style: classes.finished, about: "It takes runs." },
  Stopped: {
    icon: IconPlayerPause,
    word: "Stopped",
    style: classes.stopped,
    about: "It takes no runs until it is started; what runs goes on.",
  },
  Unreachable: {
    icon: IconPlugConnectedX,
    word: "Unreachable",
    style: classes.failed,
    about: "It did not answer. It is asked again by itself; runs wait until then.",
  },
} as const;

export function ComputeState({ state }: { state: State }) {
  const { icon: Icon, word, style, about } = LOOKS[state] ?? LOOKS.Unreachable;
  return (
    <span className={`${classes.state} ${style}`} title={about}>
      <Icon size={15} aria-hidden />
      {word}
    </span>
  );
}
