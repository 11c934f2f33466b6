/** What one does with runs: delete, restore, rename, tag, colour, file. */
import { useMemo } from "react";
import { deleteRun, deleteRunTag, renameRun, restoreRun, setRunTag } from "@/api/runs";
import { useSay } from "@/components/notices";
import { COLOR_TAG, type Column, tagId } from "@/lib/run-columns";
import { type Done, forMany, runs } from "@/pages/runs/actions/many";
import type { RunsModel } from "@/pages/runs/data/model";
import type { View } from "@/pages/runs/search";

export interface RunActions {
  delete: (ids: string[]) => Promise<void>;
  restore: (ids: string[]) => Promise<void>;
  rename: (id: string, name: string) => Promise<void>;
  tag: (ids: string[], key: string, value: string) => Promise<void>;
  color: (id: string, color: string | null) => Promise<void>;
  csv: (handles: readonly number[], columns: readonly Column[], title: string) => Promise<void>;
}

/** More would not fit a spreadsheet. */
const MOST_LINES = 1_000_000;

export function useRunActions(model: RunsModel, workspace: string, view: View): RunActions {
  const say = useSay();
  return useMemo(() => {
    const tell = ({ done, failed }: Done, what: string, undo?: () => void) => {
      if (done.length > 0) say.done(`${what} ${runs(done.length)}`, undo);
      if (failed.length > 0) say.error(failed[0]!.error);
    };
    const moved = async (result: Done) => {
      if (view !== "all") model.remove(result.done);
      else for (const id of result.done) model.rows.change(id, { deleted: !model.rows.find(id)?.deleted });
    };
    const actions: RunActions = {
      delete: async (ids) => {
        const result = await forMany(ids, (id) => deleteRun(workspace, id));
        tell(result, "Deleted", async () => {
          const back = await forMany(result.done, (id) => restoreRun(workspace, id));
          tell(back, "Restored");
          await model.refresh();
        });
        moved(result);
      },
      restore: async (ids) => {
        const result = await forMany(ids, (id) => restoreRun(workspace, id));
        tell(result, "Restored");
        moved(result);
      },
      rename: async (id, name) => {
        await renameRun(workspace, id, name);
        model.rows.change(id, { name });
      },
      tag: async (ids, key, value) => {
        const result = await forMany(ids, (id) => setRunTag(workspace, id, key, value));
        tell(result, "Tagged");
        for (const id of result.done) model.rows.change(id, {}, { [tagId(key)]: value });
      },
      color: async (id, color) => {
        const before = model.rows.find(id)?.cells.get(tagId(COLOR_TAG)) ?? null;
        model.rows.change(id, {}, { [tagId(COLOR_TAG)]: color });
        try {
          if (color !== null) await setRunTag(workspace, id, COLOR_TAG, color);
          else if (before !== null) await deleteRunTag(workspace, id, COLOR_TAG);
        } catch (error) {
          model.rows.change(id, {}, { [tagId(COLOR_TAG)]: before });
          say.error(error);
        }
      },
      csv: async (handles, columns, title) => {
        try {
          const rows = await model.rows.all(handles.slice(0, MOST_LINES), columns);
          const { csvOf, save } = await import("@/pages/runs/actions/csv");
          save(`${title}.csv`, csvOf(rows, columns));
          say.done(`Wrote ${runs(rows.length)} to a file`);
        } catch (error) {
          say.error(error);
        }
      },
    };
    return actions;
  }, [model, workspace, view, say]);
}
