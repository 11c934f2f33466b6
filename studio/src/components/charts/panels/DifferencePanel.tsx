import { DifferenceTable, MOST_COMPARED } from "@/components/charts/panels/DifferenceTable";
import type { Names } from "@/components/charts/panels/KeyPicker";
import { PanelFrame, type PanelProps } from "@/components/charts/panels/PanelFrame";
import type { ChartRun } from "@/components/charts/types";

/** The difference table as an added chart. */
export function DifferencePanel({
  shared,
  panel,
  names,
  runs,
}: PanelProps & { names: Names; runs: readonly ChartRun[] }) {
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title="Differences"
      pickers={null}
      ready
      hint=""
      text={
        runs.length > MOST_COMPARED
          ? `the first ${MOST_COMPARED} of ${runs.length} runs, compared with the first one`
          : `${runs.length} runs, compared with the first one`
      }
    >
      {() => (
        <DifferenceTable
          workspace={names.workspace}
          experimentIds={names.experimentIds}
          runs={runs}
          linkOf={shared.linkOf}
        />
      )}
    </PanelFrame>
  );
}
