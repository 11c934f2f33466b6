/** All metrics of one run, but those of the machine. */

import { isSystem } from "@/api/run";
import { Board } from "@/pages/run/charts/Board";
import type { PartProps } from "@/pages/run/RunPage";

export default function RunCharts({ workspace, page }: PartProps) {
  return <Board workspace={workspace} page={page} wanted={isModel} more />;
}

const isModel = (key: string): boolean => !isSystem(key);
