/** The sources of two submitted runs: which files differ, and in what. */
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { type Snapshot, snapshotFiles, snapshotQuery } from "@/api/snapshots";
import { Broken, Empty, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import { type Fate, fates } from "@/lib/manifest";
import artifacts from "@/pages/compare/artifacts/artifacts.module.css";
import { TextDifference } from "@/pages/compare/artifacts/TextDifference";
import classes from "@/pages/compare/code/code.module.css";
import shared from "@/pages/compare/compare.module.css";
import type { ChangeSearch, CompareSearch } from "@/pages/compare/search";
import { TwoRuns, useTwo } from "@/pages/compare/TwoRuns";
import type { ComparedRun } from "@/pages/compare/use-compared";

const Preview = lazy(() =>
  import("@/components/artifacts/Preview").then((one) => ({ default: one.Preview })),
);
const WORDS: Record<Fate, string> = { added: "added", removed: "removed", changed: "changed", same: "same" };
const SIGNS: Record<Fate, string> = { added: "+", removed: "−", changed: "±", same: "" };

interface CodeProps {
  workspace: string;
  runs: readonly ComparedRun[];
  search: CompareSearch;
  change: ChangeSearch;
}

export default function Code({ workspace, runs, search, change }: CodeProps) {
  if (runs.length < 2) return <Empty title="One run only">Choose two runs or more in a table of runs.</Empty>;
  return <OfTwo workspace={workspace} runs={runs} search={search} change={change} />;
}

function OfTwo({ workspace, runs, search, change }: CodeProps) {
  const two = useTwo(runs);
  const [before, after] = useQueries({
    queries: [two.left, two.right].map((run) => snapshotQuery(workspace, run.runId)),
  });
  const error = before?.error ?? after?.error;
  return (
    <>
      <div className={shared.bar}>
        <TwoRuns two={two} />
      </div>
      {error ? (
        <Broken error={error} />
      ) : before?.data === undefined || after?.data === undefined ? (
        <Waiting label="Loading lists of files" />
      ) : before.data === null || after.data === null ? (
        <Empty title="No sources to compare">
          {[before.data === null ? two.left.name : "", after.data === null ? two.right.name : ""]
            .filter(Boolean)
            .join(" and ")}{" "}
          did not come with sources: only runs that were submitted do.
        </Empty>
      ) : (
        <Files
          workspace={workspace}
          left={two.left}
          right={two.right}
          before={before.data}
          after={after.data}
          file={search.file}
          show={(file) => change({ file })}
        />
      )}
    </>
  );
}

function Files({
  workspace,
  left,
  right,
  before,
  after,
  file,
  show,
}: {
  workspace: string;
  left: ComparedRun;
  right: ComparedRun;
  before: Snapshot;
  after: Snapshot;
  file: string | null;
  show: (file: string) => void;
}) {
  const all = useMemo(() => fates(before.files, after.files), [before, after]);
  const differing = all.filter((one) => one.fate !== "same");
  const sides = useMemo(
    () => ({
      left: { run: left, source: snapshotFiles(workspace, left.runId, before.files) },
      right: { run: right, source: snapshotFiles(workspace, right.runId, after.files) },
    }),
    [workspace, left, right, before, after],
  );
  const chosen = differing.find((one) => one.path === file) ?? differing[0];
  if (!chosen)
    return (
      <Empty title="The sources are the same">
        All {all.length.toLocaleString("en-US")} files are equal, byte for byte.
      </Empty>
    );
  const side = chosen.fate === "removed" ? sides.left : sides.right;
  const entry = (chosen.fate === "removed" ? before : after).files.find((one) => one.path === chosen.path);
  return (
    <div className={artifacts.parts}>
      <section className={`panel ${artifacts.directory}`} aria-label="Files that differ">
        <ul className={artifacts.names}>
          {differing.map((one) => (
            <li key={one.path}>
              <button
                type="button"
                className={artifacts.name}
                aria-current={one === chosen ? "true" : undefined}
                onClick={() => show(one.path)}
              >
                <span className={classes[one.fate]} aria-hidden>
                  {SIGNS[one.fate]}
                </span>
                <span className="ellipsis" title={one.path}>
                  {one.path}
                </span>
                <span className={artifacts.having}>{WORDS[one.fate]}</span>
              </button>
            </li>
          ))}
        </ul>
        <p className={artifacts.note}>
          {all.length === differing.length
            ? "No other file is in both."
            : `The same: ${(all.length - differing.length).toLocaleString("en-US")} more.`}
        </p>
      </section>
      <section className={artifacts.file} aria-label={chosen.path}>
        <div className={shared.bar}>
          <h2 className={`ellipsis ${artifacts.title}`} title={chosen.path}>
            {chosen.path}
          </h2>
          <span className="quiet">
            {chosen.fate === "changed" ? "changed" : `only in ${side.run.name}`}
            {entry && `, ${bytes(entry.size)}`}
          </span>
        </div>
        {chosen.fate === "changed" ? (
          <TextDifference key={chosen.path} left={sides.left} right={sides.right} path={chosen.path} />
        ) : (
          <div className={`panel ${artifacts.preview}`}>
            <Suspense fallback={<Waiting />}>
              <Preview source={side.source} path={chosen.path} size={entry?.size ?? null} />
            </Suspense>
          </div>
        )}
      </section>
    </div>
  );
}
