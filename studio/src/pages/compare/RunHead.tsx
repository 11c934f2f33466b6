/** A run above or before what it has: colour, name, and what one can do with it. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconFlag, IconFlagFilled, IconX } from "@tabler/icons-react";
import { RunLink } from "@/components/links";
import { Status } from "@/components/Status";
import classes from "@/pages/compare/compare.module.css";
import type { ComparedRun } from "@/pages/compare/use-compared";

export function RunHead({
  workspace,
  run,
  isBase,
  setBase,
  remove,
}: {
  workspace: string;
  run: ComparedRun;
  isBase: boolean;
  setBase: () => void;
  remove: () => void;
}) {
  return (
    <div className={classes.runHead}>
      <span className={classes.swatch} style={{ background: run.color }} />
      <Status status={run.status} word={false} />
      <RunLink workspace={workspace} experiment={run.experimentId} run={run.runId} name={run.name} />
      <span className={classes.acts}>
        <Tooltip label={isBase ? "Others are compared with this run" : "Compare the others with this run"}>
          <ActionIcon
            size="sm"
            variant="subtle"
            color={isBase ? "teal" : "gray"}
            aria-label={`Compare the others with ${run.name}`}
            aria-pressed={isBase}
            onClick={setBase}
          >
            {isBase ? <IconFlagFilled size={14} /> : <IconFlag size={14} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Leave this run out">
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={`Leave ${run.name} out`}
            onClick={remove}
          >
            <IconX size={14} />
          </ActionIcon>
        </Tooltip>
      </span>
    </div>
  );
}

/** The place of the run that the others are compared with. */
export function basePlace(runs: readonly ComparedRun[], base: string | null): number {
  return Math.max(
    0,
    runs.findIndex((one) => one.runId === base),
  );
}
