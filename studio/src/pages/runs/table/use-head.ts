/** What the heads of the columns do. */
import { useMemo, useState } from "react";
import { number } from "@/lib/format";
import type { Column } from "@/lib/run-columns";
import { better, NAME } from "@/lib/run-columns";
import { nameOf, type Sort } from "@/lib/run-filter";
import type { Columns } from "@/pages/runs/columns/use-columns";
import type { RunsModel } from "@/pages/runs/data/model";
import type { ChangeSearch, RunsSearch } from "@/pages/runs/search";
import type { Selection } from "@/pages/runs/selection";
import { cellOf } from "@/pages/runs/table/cells";
import type { HeadActions } from "@/pages/runs/table/RunsHead";

const PER_LETTER = 7.6;
const AROUND = 34;

export function useHead(
  model: RunsModel,
  columns: Columns,
  search: RunsSearch,
  change: ChangeSearch,
  selection: Selection,
) {
  const [open, setOpen] = useState<{ column: Column; at: HTMLElement } | null>(null);
  const actions = useMemo<HeadActions>(
    () => ({
      sort: (column, more) => {
        if (nameOf(column) === null) return;
        change({ sort: nextSort(search.sort, column, more) });
      },
      menu: (column, at) => setOpen({ column, at }),
      resize: (column, width, done) => columns.resize(column.id, width, done),
      fit: (column) => {
        const rows = model.tree.firstRuns(200).flatMap((one) => model.rows.get(one) ?? []);
        const letters = rows.map((row) => {
          const value = cellOf(column, row);
          return typeof value === "number" ? number(value).length : (value ?? "").length;
        });
        const widest = Math.max(column.key.length, ...letters);
        columns.resize(
          column.id,
          Math.min(600, widest * PER_LETTER + AROUND + (column.id === NAME ? 40 : 0)),
          true,
        );
      },
      move: columns.move,
      all: (checked) => {
        if (checked) selection.set(model.tree.firstRuns(Number.POSITIVE_INFINITY));
        else selection.clear();
      },
    }),
    [model, columns, search.sort, change, selection],
  );
  return {
    open,
    actions,
    close: () => setOpen(null),
    sort: (id: string, down: boolean | null) => change({ sort: down === null ? [] : [{ id, down }] }),
  };
}

/** First the useful direction, then the other, then none. `more`: beside what is sorted by already. */
export function nextSort(sorts: readonly Sort[], column: Column, more: boolean): Sort[] {
  const first =
    column.kind === "metric"
      ? better(column.key) === "max"
      : column.kind === "attribute" && (column.key === "start" || column.key === "end");
  const now = sorts.find((one) => one.id === column.id);
  const next: Sort[] = !now
    ? [{ id: column.id, down: first }]
    : now.down === first
      ? [{ id: column.id, down: !first }]
      : [];
  return more ? [...sorts.filter((one) => one.id !== column.id), ...next] : next;
}
