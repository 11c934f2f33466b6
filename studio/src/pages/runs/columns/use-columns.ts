/** The columns of the table: which, in which order, how wide; all of it in the address. */
import { useCallback, useMemo, useState } from "react";
import { type Column, columnOf, metricId, NAME, type ShownStat } from "@/lib/run-columns";
import { moved } from "@/lib/window";
import { bounded, type ChangeSearch, type RunsSearch } from "@/pages/runs/search";
import { FIRST_COLUMNS, type Layout, layoutOf } from "@/pages/runs/table/layout";

export interface Columns {
  ids: readonly string[];
  layout: Layout;
  isPinned: (id: string) => boolean;
  has: (id: string) => boolean;
  set: (ids: readonly string[]) => void;
  toggle: (id: string) => void;
  /** To before another column, or to the end. */
  move: (id: string, before: string | null) => void;
  pin: (id: string) => void;
  stat: (column: Column, stat: ShownStat) => void;
  /** `done`: keep it in the address. null: as wide as usual. */
  resize: (id: string, width: number | null, done: boolean) => void;
  /** Those that nobody arranged. */
  reset: () => void;
}

export function useColumns(
  search: RunsSearch,
  change: ChangeSearch,
  usual: readonly string[] | null,
  boxWidth: number,
): Columns {
  // While an edge is dragged, the address stays.
  const [drag, setDrag] = useState<{ id: string; width: number } | null>(null);
  const ids = search.columns ?? usual ?? FIRST_COLUMNS;
  const widths = useMemo(
    () => (drag ? { ...search.widths, [drag.id]: drag.width } : search.widths),
    [search.widths, drag],
  );
  const layout = useMemo(
    () => layoutOf(ids, search.pinned, widths, boxWidth),
    [ids, search.pinned, widths, boxWidth],
  );
  const set = useCallback((next: readonly string[]) => change({ columns: [...next] }), [change]);
  return useMemo(
    () => ({
      ids,
      layout,
      isPinned: (id) => search.pinned.includes(id),
      has: (id) => ids.includes(id),
      set,
      toggle: (id) => set(ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]),
      move: (id, before) => {
        const from = ids.indexOf(id);
        const to =
          before === null || before === NAME ? (before === NAME ? 0 : ids.length) : ids.indexOf(before);
        if (from >= 0 && to >= 0) set(moved(ids, from, to));
      },
      pin: (id) =>
        change({
          pinned: search.pinned.includes(id)
            ? search.pinned.filter((one) => one !== id)
            : [...search.pinned, id],
        }),
      stat: (column, stat) => {
        if (column.kind !== "metric") return;
        const next = metricId(column.key, stat);
        const swap = (all: readonly string[]) => [
          ...new Set(all.map((one) => (one === column.id ? next : one))),
        ];
        change({
          columns: swap(ids),
          pinned: swap(search.pinned),
          sort: search.sort.map((one) => (one.id === column.id ? { ...one, id: next } : one)),
        });
      },
      resize: (id, width, done) => {
        const { [id]: _, ...rest } = search.widths;
        if (!done && width !== null) setDrag({ id, width: bounded(width) });
        else {
          change({ widths: width === null ? rest : { ...rest, [id]: bounded(width) } });
          setDrag(null);
        }
      },
      reset: () => change({ columns: null, pinned: [], widths: {} }),
    }),
    [ids, layout, search, change, set],
  );
}

export const columnsOf = (ids: readonly string[]): Column[] => ids.flatMap((id) => columnOf(id) ?? []);
