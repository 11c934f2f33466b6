/** One directory in all runs: which of them have which files. */
import { Anchor, Breadcrumbs } from "@mantine/core";
import { IconFile, IconFolder } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import type { FileSource } from "@/api/artifacts";
import { listQuery } from "@/components/artifacts/use-tree";
import { Broken, Empty, Waiting } from "@/components/states";
import { nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";
import { type SameName, sameNames, steps } from "@/lib/same-files";
import classes from "@/pages/compare/artifacts/artifacts.module.css";
import type { ComparedRun } from "@/pages/compare/use-compared";

export interface RunSource {
  run: ComparedRun;
  source: FileSource;
}

export function Directory({
  runs,
  left,
  path,
  file,
  open,
  show,
}: {
  runs: readonly RunSource[];
  /** Runs that are not looked into. */
  left: number;
  path: string;
  file: string | null;
  open: (path: string) => void;
  show: (file: string) => void;
}) {
  const lists = useQueries({
    queries: runs.map(({ source }) => listQuery(source, path)),
    combine: (answers) => ({
      data: answers.map((one) => one.data),
      waiting: answers.some((one) => one.isPending),
      error: answers.every((one) => one.isError) ? answers[0]?.error : null,
    }),
  });
  const names = sameNames(lists.data);
  return (
    <section className={`panel ${classes.directory}`} aria-label="Files of the runs">
      <Breadcrumbs separator="/" className={classes.crumbs!}>
        <Anchor component="button" type="button" size="sm" onClick={() => open("")}>
          All files
        </Anchor>
        {steps(path).map((one) => (
          <Anchor component="button" type="button" size="sm" key={one} onClick={() => open(one)}>
            {nameOf(one)}
          </Anchor>
        ))}
      </Breadcrumbs>
      {lists.error ? (
        <Broken error={lists.error} />
      ) : names.length === 0 ? (
        lists.waiting ? (
          <Waiting />
        ) : (
          <Empty title="No files here" />
        )
      ) : (
        <ul className={classes.names}>
          {names.map((one) => (
            <li key={`${one.isDir} ${one.path}`}>
              <button
                type="button"
                className={classes.name}
                aria-current={one.path === file ? "true" : undefined}
                onClick={() => (one.isDir ? open(one.path) : show(one.path))}
              >
                {one.isDir ? <IconFolder size={15} aria-hidden /> : <IconFile size={15} aria-hidden />}
                <span className="ellipsis" title={one.path}>
                  {nameOf(one.path)}
                </span>
                <span className={`numeric ${classes.having}`}>{told(one, runs.length)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {left > 0 && (
        <p className={classes.note}>
          The files of the first {runs.length} runs; {left.toLocaleString("en-US")} are not looked into.
        </p>
      )}
    </section>
  );
}

function told({ sizes, having, isDir }: SameName, all: number): string {
  const known = sizes.filter((one): one is number => typeof one === "number");
  const least = Math.min(...known);
  const most = Math.max(...known);
  const size =
    isDir || known.length === 0 ? "" : least === most ? bytes(least) : `${bytes(least)} – ${bytes(most)}`;
  const share = having === all ? "" : `${having} of ${all} runs`;
  return [size, share].filter(Boolean).join(" · ");
}
