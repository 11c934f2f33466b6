/** Files of the runs: what each has in a directory, and one file of several runs side by side. */
import { IconFiles } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { runFiles } from "@/api/artifacts";
import { listQuery } from "@/components/artifacts/use-tree";
import { Empty } from "@/components/states";
import classes from "@/pages/compare/artifacts/artifacts.module.css";
import { Directory } from "@/pages/compare/artifacts/Directory";
import { SameFile } from "@/pages/compare/artifacts/SameFile";
import type { ChangeSearch, CompareSearch } from "@/pages/compare/search";
import type { ComparedRun } from "@/pages/compare/use-compared";

/** Files are of the first runs only: each is looked into by itself. */
export const MOST_RUNS = 12;

export default function Artifacts({
  workspace,
  runs,
  search,
  change,
}: {
  workspace: string;
  runs: readonly ComparedRun[];
  search: CompareSearch;
  change: ChangeSearch;
}) {
  const ids = JSON.stringify(runs.slice(0, MOST_RUNS).map((one) => one.runId));
  const sources = useMemo(
    () => (JSON.parse(ids) as string[]).map((id) => runFiles(workspace, id, "")),
    [workspace, ids],
  );
  const first = runs.slice(0, MOST_RUNS).map((run, i) => ({ run, source: sources[i]! }));
  const some = useQueries({
    queries: sources.map((source) => listQuery(source, search.path)),
    combine: (answers) => answers.some((one) => one.data?.some((entry) => !entry.isDir)),
  });
  return (
    <div className={classes.parts}>
      <Directory
        runs={first}
        left={runs.length - first.length}
        path={search.path}
        file={search.file}
        open={(path) => change({ path, file: null }, { push: true })}
        show={(file) => change({ file })}
      />
      {search.file === null && some && (
        <Empty title="No file is chosen" icon={<IconFiles size={28} aria-hidden />}>
          Choose one in the list: it is shown side by side for all runs that have it, and of two of them, for
          texts and images, what differs.
        </Empty>
      )}
      {search.file !== null && (
        <SameFile
          key={search.file}
          workspace={workspace}
          runs={first}
          path={search.file}
          together={search.over}
          setTogether={(over) => change({ over })}
        />
      )}
    </div>
  );
}
