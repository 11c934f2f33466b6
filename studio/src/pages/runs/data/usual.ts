/** Which columns a table has that nobody arranged: those that its runs have. */
import type { RunsPage, WantedColumns } from "@/api/runs";
import { COLOR_TAG, TEXT_LIMIT, usualColumns } from "@/lib/run-columns";

/** What is asked of runs whose keys are not known yet. */
export const EVERYTHING: WantedColumns = {
  info: true,
  all_metrics: true,
  all_params: true,
  tags: [COLOR_TAG],
  text_limit: TEXT_LIMIT,
};

export class Usual {
  /** null: no runs were seen. They grow, so that none jumps away. */
  ids: readonly string[] | null = null;

  constructor(private readonly withExperiment: boolean) {}

  /** From runs that came with all that they have. */
  learn(page: RunsPage): void {
    const params = page.keys.params.map((key, i) => ({
      key,
      differs: new Set(page.rows.map((row) => row.params[i])).size > 1,
    }));
    const metrics = page.keys.metrics.filter((one) => one.stat === "last").map((one) => one.key);
    const found = usualColumns(metrics, params, this.withExperiment);
    const before = this.ids;
    if (before === null) this.ids = found;
    else if (before.length < found.length)
      this.ids = [...before, ...found.filter((id) => !before.includes(id))];
  }
}
