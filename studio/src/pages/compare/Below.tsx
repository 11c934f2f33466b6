/** Many runs as rows, what they have as columns. A click on a name sorts by it. */
import { useMemo } from "react";
import { distance, type Line, numeric } from "@/lib/compare-lines";
import classes from "@/pages/compare/compare.module.css";
import type { DifferencesProps } from "@/pages/compare/Differences";
import { Grid } from "@/pages/compare/Grid";
import { KIND_NAMES, shown, whole } from "@/pages/compare/lines";
import { basePlace, RunHead } from "@/pages/compare/RunHead";

export function Below({
  workspace,
  compared: { runs },
  search,
  change,
  remove,
  lines,
}: DifferencesProps & { lines: readonly Line[] }) {
  const base = basePlace(runs, search.base);
  const { sort } = search;
  const down = sort?.startsWith("-") ?? false;
  const by = down ? sort!.slice(1) : sort;
  const order = useMemo(() => {
    const places = runs.map((_, i) => i);
    const line = lines.find((one) => nameOf(one) === by);
    return line ? sorted(places, line, down) : places;
  }, [runs, lines, by, down]);
  return (
    <Grid
      label="Differences"
      corner={`${runs.length.toLocaleString("en-US")} runs, ${lines.length} names`}
      columns={lines.length}
      columnWidth={[156, 200]}
      headHeight={46}
      head={(column) => {
        const line = lines[column]!;
        const name = nameOf(line);
        const sign = by === name ? (down ? " ↓" : " ↑") : "";
        return (
          <button
            type="button"
            className={classes.sortable}
            title={`Sort by ${line.key}`}
            onClick={() => change({ sort: by !== name ? name : down ? null : `-${name}` })}
          >
            <span className={classes.under}>
              {KIND_NAMES[line.kind]}
              {sign}
            </span>
            <span className="ellipsis">{line.key}</span>
          </button>
        );
      }}
      rows={runs.length}
      rowKey={(place) => runs[order[place]!]!.runId}
      rowHead={(place) => {
        const at = order[place]!;
        const run = runs[at]!;
        return (
          <RunHead
            workspace={workspace}
            run={run}
            isBase={at === base}
            setBase={() => change({ base: at === 0 ? null : run.runId })}
            remove={() => remove(run)}
          />
        );
      }}
      cell={(place, column) => {
        const line = lines[column]!;
        const at = order[place]!;
        const cell = line.cells[at] ?? null;
        const from = line.cells[base] ?? null;
        const text = shown(line, cell);
        const far = line.kind === "metric" || line.kind === "param" ? distance(cell, from) : "";
        return {
          title: [whole(line, cell), far, line.best.has(at) ? "best" : ""].filter(Boolean).join(" · "),
          look: line.best.has(at) ? classes.best : undefined,
          content: <span className="ellipsis">{text}</span>,
        };
      }}
    />
  );
}

const nameOf = (line: Line): string => `${line.kind}.${line.key}`;

/** Numbers by their size, others as texts; those that have nothing come last. */
function sorted(places: readonly number[], line: Line, down: boolean): number[] {
  const values = line.cells.map((cell) => ({ cell, size: numeric(cell) }));
  return [...places].sort((i, j) => {
    const a = values[i]!;
    const b = values[j]!;
    if (a.cell === null || b.cell === null) return Number(a.cell === null) - Number(b.cell === null);
    const order =
      a.size !== null && b.size !== null
        ? a.size - b.size
        : String(a.cell) < String(b.cell)
          ? -1
          : Number(String(a.cell) > String(b.cell));
    return down ? -order : order;
  });
}
