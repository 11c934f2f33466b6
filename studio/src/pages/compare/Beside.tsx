/** Runs as columns, what they have as rows. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight } from "@tabler/icons-react";
import { useMemo } from "react";
import { distance, type Line, type LineKind } from "@/lib/compare-lines";
import classes from "@/pages/compare/compare.module.css";
import type { DifferencesProps } from "@/pages/compare/Differences";
import { Grid } from "@/pages/compare/Grid";
import { KIND_NAMES, shown, whole } from "@/pages/compare/lines";
import { basePlace, RunHead } from "@/pages/compare/RunHead";

type Row = { heading: LineKind; count: number } | Line;

export function Beside({
  workspace,
  compared: { runs },
  search,
  change,
  remove,
  lines,
  turn,
  experimentName,
}: DifferencesProps & { lines: readonly Line[]; turn: (key: string) => void }) {
  const base = basePlace(runs, search.base);
  const rows = useMemo(() => {
    const made: Row[] = [];
    for (const kind of Object.keys(KIND_NAMES) as LineKind[]) {
      const of = lines.filter((one) => one.kind === kind);
      if (of.length > 0) made.push({ heading: kind, count: of.length }, ...of);
    }
    return made;
  }, [lines]);
  const at = (place: number): Row => rows[place]!;
  return (
    <Grid
      label="Differences"
      corner={`${lines.length} names`}
      columns={runs.length}
      columnWidth={[200, 360]}
      headHeight={46}
      head={(column) => {
        const run = runs[column]!;
        return (
          <>
            <RunHead
              workspace={workspace}
              run={run}
              isBase={column === base}
              setBase={() => change({ base: column === 0 ? null : run.runId })}
              remove={() => remove(run)}
            />
            <span className={`ellipsis ${classes.under}`}>{experimentName(run.experimentId)}</span>
          </>
        );
      }}
      rows={rows.length}
      rowKey={(place) => {
        const row = at(place);
        return "heading" in row ? row.heading : `${row.kind} ${row.key}`;
      }}
      heading={(place) => {
        const row = at(place);
        return "heading" in row ? (
          <>
            {KIND_NAMES[row.heading]} <span className="quiet numeric">{row.count}</span>
          </>
        ) : null;
      }}
      rowHead={(place) => {
        const line = at(place) as Line;
        return (
          <>
            <span className={`ellipsis ${classes.key}`} title={line.key}>
              {line.key}
            </span>
            {line.better && <Turn line={line} turn={() => turn(line.key)} />}
          </>
        );
      }}
      cell={(place, column) => cellOf(at(place) as Line, column, base, !search.only)}
    />
  );
}

function cellOf(line: Line, column: number, base: number, mark: boolean) {
  const cell = line.cells[column] ?? null;
  const text = shown(line, cell);
  const from = line.cells[base] ?? null;
  const far = column === base || line.kind === "info" || line.kind === "tag" ? "" : distance(cell, from);
  // Where all that is shown differs, colour would say nothing.
  const other = mark && !Object.is(cell, from);
  return {
    title: `${whole(line, cell)}${line.best.has(column) ? " · best" : ""}`,
    look: line.best.has(column) ? classes.best : other ? classes.differs : undefined,
    content: (
      <>
        <span className={`ellipsis ${classes.value}`}>{text}</span>
        {line.best.has(column) && <span className="only-read">, best</span>}
        {far && <span className={`ellipsis ${classes.from}`}>{far}</span>}
      </>
    ),
  };
}

function Turn({ line, turn }: { line: Line; turn: () => void }) {
  const less = line.better === "min";
  return (
    <Tooltip label={`${less ? "Less" : "More"} is better; press to turn it round`}>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={`${line.key}: ${less ? "less" : "more"} is better. Turn it round`}
        onClick={turn}
      >
        {less ? <IconArrowDownRight size={14} /> : <IconArrowUpRight size={14} />}
      </ActionIcon>
    </Tooltip>
  );
}
