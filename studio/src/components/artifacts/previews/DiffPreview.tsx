/** What was changed in code, file by file. */
import { useMemo } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import diff from "@/components/artifacts/previews/DiffPreview.module.css";
import { TextFoot } from "@/components/artifacts/previews/TextFoot";
import { Text } from "@/components/artifacts/previews/TextPreview";
import { useText } from "@/components/artifacts/previews/use-text";
import { Broken, Waiting } from "@/components/states";
import { type DiffFile, parseDiff } from "@/lib/diff";
import { nameOf } from "@/lib/file-kind";

export default function DiffPreview({ source, path }: PreviewProps) {
  const found = useText(source, path);
  const { query, text, whole } = found;
  const files = useMemo(() => parseDiff(text), [text]);
  if (query.isPending) return <Waiting label="Loading the changes" />;
  if (query.isError && !query.data) return <Broken error={query.error} again={() => query.refetch()} />;
  if (whole && text.trim() === "") return <p className={`quiet ${classes.padded}`}>No changes.</p>;
  if (files.length === 0) return <Text found={found} text={text} language={null} name={nameOf(path)} />;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label={nameOf(path)}>
        {files.map((file, i) => (
          <Changed key={String(i)} file={file} />
        ))}
      </section>
      {!whole && <TextFoot found={found} />}
    </>
  );
}

const SIGNS = { added: "+", removed: "−", same: " ", hunk: " ", note: " " };

function Changed({ file }: { file: DiffFile }) {
  return (
    <section className={diff.file} aria-label={file.name}>
      <h3 className={diff.head}>
        <span className="ellipsis" title={file.name}>
          {file.name}
        </span>
        <span className={diff.plus}>+{file.added}</span>
        <span className={diff.minus}>−{file.removed}</span>
      </h3>
      <table className={diff.lines}>
        <thead className="only-read">
          <tr>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col">Line</th>
          </tr>
        </thead>
        <tbody>
          {file.lines.map((line, i) => (
            <tr key={String(i)} className={diff[line.kind]}>
              <td>{line.before}</td>
              <td>{line.after}</td>
              <td>
                {SIGNS[line.kind]} {line.text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
