/** One file of several runs: side by side; of two of them what differs, for texts and images. */
import { SegmentedControl } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { listQuery } from "@/components/artifacts/use-tree";
import { RunLink } from "@/components/links";
import { Empty, Waiting } from "@/components/states";
import { folderOf, kindOf, nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";
import classes from "@/pages/compare/artifacts/artifacts.module.css";
import type { RunSource } from "@/pages/compare/artifacts/Directory";
import { TextDifference } from "@/pages/compare/artifacts/TextDifference";
import shared from "@/pages/compare/compare.module.css";
import { Over } from "@/pages/compare/images/Over";
import { TwoRuns, useTwo } from "@/pages/compare/TwoRuns";

const Preview = lazy(() =>
  import("@/components/artifacts/Preview").then((one) => ({ default: one.Preview })),
);
const TEXTS = new Set(["text", "json", "markdown", "table", "html", "diff", "notebook"]);

/** As high as they are; others fill the place that they get. */
const PLAIN = new Set(["text", "json", "markdown", "diff", "audio"]);

export function SameFile({
  workspace,
  runs,
  path,
  together,
  setTogether,
}: {
  workspace: string;
  runs: readonly RunSource[];
  path: string;
  together: boolean;
  setTogether: (together: boolean) => void;
}) {
  const lists = useQueries({ queries: runs.map(({ source }) => listQuery(source, folderOf(path))) });
  const having = runs.flatMap((one, i) => {
    const entry = lists[i]?.data?.find((file) => file.path === path && !file.isDir);
    return entry ? [{ ...one, size: entry.size }] : [];
  });
  const waiting = lists.some((one) => one.isPending);
  const kind = kindOf(path);
  const comparable = having.length > 1 && (kind === "image" || TEXTS.has(kind));
  if (having.length === 0)
    return waiting ? <Waiting /> : <Empty title="There is no such file">No run has {path}.</Empty>;
  return (
    <section className={classes.file} aria-label={path}>
      <div className={shared.bar}>
        <h2 className={`ellipsis ${classes.title}`} title={path}>
          {nameOf(path)}
        </h2>
        {comparable && (
          <SegmentedControl
            size="xs"
            aria-label="Show as"
            value={together ? "two" : "all"}
            onChange={(value) => setTogether(value === "two")}
            data={[
              { value: "all", label: "Side by side" },
              { value: "two", label: kind === "image" ? "Two over one another" : "What differs in two" },
            ]}
          />
        )}
      </div>
      {together && comparable ? (
        <OfTwo having={having} path={path} image={kind === "image"} />
      ) : (
        <div className={classes.sides}>
          {having.map(({ run, source, size }) => (
            <article
              key={run.runId}
              className={`panel ${classes.side} ${PLAIN.has(kind) ? "" : classes.high}`}
              aria-label={`${path} of ${run.name}`}
            >
              <header className={shared.runHead}>
                <span className={shared.swatch} style={{ background: run.color }} />
                <RunLink
                  workspace={workspace}
                  experiment={run.experimentId}
                  run={run.runId}
                  name={run.name}
                />
                <span className={`numeric ${classes.having}`}>{size === null ? "" : bytes(size)}</span>
              </header>
              <div className={classes.preview}>
                <Suspense fallback={<Waiting />}>
                  <Preview source={source} path={path} size={size} />
                </Suspense>
              </div>
            </article>
          ))}
        </div>
      )}
    </section>
  );
}

function OfTwo({
  having,
  path,
  image,
}: {
  having: readonly (RunSource & { size: number | null })[];
  path: string;
  image: boolean;
}) {
  const two = useTwo(having.map((one) => one.run));
  const left = having.find((one) => one.run === two.left)!;
  const right = having.find((one) => one.run === two.right)!;
  const side = ({ run, source }: RunSource) => ({ src: source.preview(path), name: run.name });
  return (
    <>
      <div className={shared.bar}>
        <TwoRuns two={two} />
      </div>
      {image ? (
        <Over left={side(left)} right={side(right)} />
      ) : (
        <TextDifference left={left} right={right} path={path} />
      )}
    </>
  );
}
