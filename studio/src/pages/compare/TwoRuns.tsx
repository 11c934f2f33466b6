/** Which two of the runs are looked at. */
import { ActionIcon, Select, Tooltip } from "@mantine/core";
import { IconArrowsExchange } from "@tabler/icons-react";
import { useState } from "react";
import type { ComparedRun } from "@/pages/compare/use-compared";

export interface Two {
  runs: readonly ComparedRun[];
  left: ComparedRun;
  right: ComparedRun;
  set: (left: string, right: string) => void;
}

/** The first two at first. At least two runs. */
export function useTwo(runs: readonly ComparedRun[]): Two {
  const [[left, right], set] = useState<[string | null, string | null]>([null, null]);
  const one = runs.find((run) => run.runId === left) ?? runs[0]!;
  const other =
    runs.find((run) => run.runId === right && run !== one) ?? runs.find((run) => run !== one) ?? one;
  return { runs, left: one, right: other, set: (a, b) => set([a, b]) };
}

export function TwoRuns({ two: { runs, left, right, set } }: { two: Two }) {
  const data = runs.map((run) => ({ value: run.runId, label: run.name }));
  const pick = (label: string, value: string, choose: (id: string) => void) => (
    <Select
      size="xs"
      aria-label={label}
      data={data}
      value={value}
      onChange={(id) => id && choose(id)}
      allowDeselect={false}
      searchable={runs.length > 8}
      w={170}
    />
  );
  return (
    <>
      {pick("Left run", left.runId, (id) => set(id, id === right.runId ? left.runId : right.runId))}
      <Tooltip label="Swap">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Swap the two runs"
          onClick={() => set(right.runId, left.runId)}
        >
          <IconArrowsExchange size={15} />
        </ActionIcon>
      </Tooltip>
      {pick("Right run", right.runId, (id) => set(id === left.runId ? right.runId : left.runId, id))}
    </>
  );
}
