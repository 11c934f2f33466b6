/** Notebooks: cells and their outputs. Nothing of them runs. */
import { useQuery } from "@tanstack/react-query";
import { readPart } from "@/api/artifacts";
import { ApiError } from "@/api/http";
import { Ansi } from "@/components/artifacts/Ansi";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import notebook from "@/components/artifacts/previews/NotebookPreview.module.css";
import { Code } from "@/components/artifacts/previews/TextPreview";
import { Unshown } from "@/components/artifacts/previews/Unshown";
import Markdown from "@/components/Markdown";
import { Broken, Waiting } from "@/components/states";
import { nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";
import { type Cell, parseNotebook } from "@/lib/notebook";

const MOST = 20 * 1024 * 1024;

export default function NotebookPreview({ source, path, size }: PreviewProps) {
  const found = useQuery({
    queryKey: ["notebook", source.key, path],
    queryFn: async ({ signal }) => {
      const part = await readPart(source.preview(path), 0, MOST, signal);
      if (part.total > part.bytes.length) throw new Error(`It is larger than ${bytes(MOST)}.`);
      return parseNotebook(new TextDecoder().decode(part.bytes));
    },
    enabled: size === null || size <= MOST,
    gcTime: 30_000,
    retry: false,
  });
  if (found.error instanceof ApiError) return <Broken error={found.error} again={() => found.refetch()} />;
  if (found.isError || (size !== null && size > MOST))
    return (
      <Unshown
        source={source}
        path={path}
        why={`This notebook cannot be read here. ${found.error?.message ?? `It is larger than ${bytes(MOST)}.`}`}
      />
    );
  if (!found.data) return <Waiting label="Loading the notebook" />;
  const { cells, language, left } = found.data;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.content} tabIndex={0} aria-label={nameOf(path)}>
      <div className={notebook.cells}>
        {cells.map((cell, i) => (
          <Shown key={String(i)} cell={cell} language={language} />
        ))}
        {left > 0 && <p className="quiet">Another {left.toLocaleString("en-US")} cells are not shown.</p>}
      </div>
    </section>
  );
}

function Shown({ cell, language }: { cell: Cell; language: string }) {
  if (cell.kind === "markdown")
    return (
      <div className={notebook.cell}>
        <span className={notebook.mark} />
        <Markdown text={cell.source} />
      </div>
    );
  return (
    <>
      <div className={notebook.cell}>
        <span className={notebook.mark}>{cell.kind === "code" ? `[${cell.number ?? " "}]` : ""}</span>
        <div className={notebook.source}>
          <Code text={cell.source} language={cell.kind === "code" ? language : null} wrap />
        </div>
      </div>
      {cell.outputs.map((output, i) => (
        <div key={String(i)} className={notebook.cell}>
          <span className={notebook.mark} />
          {output.kind === "picture" ? (
            <img
              className={notebook.picture}
              src={output.source}
              alt={`Output of cell ${cell.number ?? ""}`}
            />
          ) : output.kind === "markdown" ? (
            <Markdown text={output.text} />
          ) : (
            <pre className={`${notebook.words} ${output.kind === "error" ? notebook.error : ""}`}>
              <Ansi text={output.text} />
            </pre>
          )}
        </div>
      ))}
    </>
  );
}
