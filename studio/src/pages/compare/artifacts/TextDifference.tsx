/** Which lines of a file differ between two runs. */
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { readPart } from "@/api/artifacts";
import { Broken, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import { diffLines, folded } from "@/lib/text-diff";
import classes from "@/pages/compare/artifacts/artifacts.module.css";
import type { RunSource } from "@/pages/compare/artifacts/Directory";

const MOST_BYTES = 512 * 1024;
const MOST_SHOWN = 4_000;
const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const READ = { same: "", added: "added: ", removed: "removed: " } as const;

export function TextDifference({ left, right, path }: { left: RunSource; right: RunSource; path: string }) {
  const [whole, setWhole] = useState(false);
  const [one, other] = useQueries({
    queries: [left, right].map(({ source, run }) => ({
      queryKey: ["text of", source.key, path, run.row.version],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const part = await readPart(source.preview(path), 0, MOST_BYTES, signal);
        return { text: new TextDecoder().decode(part.bytes), total: part.total };
      },
    })),
  });
  const before = one?.data;
  const after = other?.data;
  const lines = useMemo(() => (before && after ? diffLines(before.text, after.text) : []), [before, after]);
  if (!before || !after) {
    const error = one?.error ?? other?.error;
    return error ? <Broken error={error} /> : <Waiting />;
  }
  const changed = lines.filter((line) => line.kind !== "same").length;
  const cut = Math.max(before.total, after.total) > MOST_BYTES;
  const shown = whole ? lines : folded(lines);
  return (
    <>
      <p className={classes.note}>
        {changed === 0
          ? "The two files have the same text."
          : `${count(lines, "removed")} removed, ${count(lines, "added")} added.`}
        {cut && ` Only the first ${bytes(MOST_BYTES)} of each are compared.`}{" "}
        {changed > 0 && (
          <button type="button" className="linklike" onClick={() => setWhole(!whole)}>
            {whole ? "Show only what is near a change" : "Show all lines"}
          </button>
        )}
      </p>
      {changed > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={`panel ${classes.diff}`} aria-label="Lines that differ" tabIndex={0}>
          {shown.slice(0, MOST_SHOWN).map((line, i) =>
            typeof line === "number" ? (
              <div key={`fold ${String(i)}`} className={classes.fold}>
                {line.toLocaleString("en-US")} {line === 1 ? "line" : "lines"} the same
              </div>
            ) : (
              <div key={`${line.left} ${line.right}`} className={`${classes.line} ${classes[line.kind]}`}>
                <span className={classes.place}>{line.left}</span>
                <span className={classes.place}>{line.right}</span>
                <span aria-hidden>{SIGNS[line.kind]}</span>
                <span className="only-read">{READ[line.kind]}</span>
                <code>{line.text}</code>
              </div>
            ),
          )}
          {shown.length > MOST_SHOWN && <div className={classes.fold}>More lines are left out.</div>}
        </section>
      )}
    </>
  );
}

function count(lines: readonly { kind: string }[], kind: string): string {
  const found = lines.filter((one) => one.kind === kind).length;
  return `${found.toLocaleString("en-US")} ${found === 1 ? "line" : "lines"}`;
}
