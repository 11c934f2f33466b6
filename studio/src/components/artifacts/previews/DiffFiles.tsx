/** Changed files, one under the other. */
import { useMemo } from "react";
import diff from "@/components/artifacts/previews/DiffFiles.module.css";
import { type DiffFile, parseDiff } from "@/lib/diff";

export function DiffFiles({ text }: { text: string }) {
  const files = useMemo(() => parseDiff(text), [text]);
  return files.map((file, i) => <Changed key={String(i)} file={file} />);
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
