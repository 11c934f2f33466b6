/** The bar for selected runs, with what it does. */
import { useState } from "react";
import { useSay } from "@/components/notices";
import type { Column } from "@/lib/run-columns";
import type { Asking } from "@/pages/runs/actions/Dialogs";
import { SelectionBar } from "@/pages/runs/actions/SelectionBar";
import type { RunActions } from "@/pages/runs/actions/use-actions";
import type { RunsModel } from "@/pages/runs/data/model";
import type { Row } from "@/pages/runs/data/rows";
import type { View } from "@/pages/runs/search";
import type { Selection } from "@/pages/runs/selection";

export function Selected({
  model,
  view,
  selection,
  actions,
  columns,
  title,
  compare,
  ask,
  only,
}: {
  model: RunsModel;
  view: View;
  selection: Selection;
  actions: RunActions;
  columns: readonly Column[];
  title: string;
  compare: () => void;
  ask: (asking: Asking) => void;
  only: (ids: string[]) => void;
}) {
  const say = useSay();
  const [busy, setBusy] = useState(false);
  const handles = [...selection.handles];
  const withRows = async (work: (rows: Row[]) => unknown) => {
    setBusy(true);
    try {
      await work(await model.rows.all(handles, []));
    } catch (error) {
      say.error(error);
    } finally {
      setBusy(false);
    }
  };
  const ids = (rows: readonly Row[]) => rows.map((one) => one.runId);
  return (
    <SelectionBar
      count={handles.length}
      view={view}
      busy={busy}
      does={{
        compare,
        only: () => withRows((rows) => only(ids(rows))),
        tag: () => withRows((rows) => ask({ what: "tag", ids: ids(rows) })),
        rename: () => withRows(([row]) => row && ask({ what: "rename", id: row.runId, name: row.name })),
        delete: () =>
          withRows(async (rows) => {
            await actions.delete(ids(rows.filter((one) => !one.deleted)));
            selection.clear();
          }),
        restore: () =>
          withRows(async (rows) => {
            await actions.restore(ids(rows.filter((one) => one.deleted)));
            selection.clear();
          }),
        csv: () => actions.csv(handles, columns, title),
        clear: selection.clear,
      }}
    />
  );
}
