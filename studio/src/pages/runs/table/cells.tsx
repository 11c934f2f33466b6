/** What stands in a cell. Light: a fast scroll makes thousands of them. */
import { Moment, useNow } from "@/components/Moment";
import { Status } from "@/components/Status";
import { colorOf } from "@/lib/colors";
import { duration, number } from "@/lib/format";
import { COLOR_TAG, type Column, cellId, tagId } from "@/lib/run-columns";
import type { Cell, Row } from "@/pages/runs/data/rows";
import classes from "@/pages/runs/table/RunsTable.module.css";

/** The colour that somebody chose for a run, else its own. */
export function colorOfRow(row: Row): string {
  const chosen = row.cells.get(tagId(COLOR_TAG));
  return typeof chosen === "string" && /^#[0-9a-f]{6}$/i.test(chosen) ? chosen : colorOf(row.runId);
}

/** The value of a column, as filters compare it; undefined: not known yet. */
export function cellOf(column: Column, row: Row): Cell {
  if (column.kind !== "attribute") return row.cells.get(cellId(column));
  const time = (ms: number): number | null => (Number.isNaN(ms) ? null : ms);
  switch (column.key) {
    case "name":
      return row.name;
    case "status":
      return row.status;
    case "user":
      return row.user || null;
    case "id":
      return row.runId;
    case "start":
      return time(row.startMs);
    case "end":
      return time(row.endMs);
    case "duration":
      return time(row.endMs - row.startMs);
    case "experiment":
      return row.experimentId;
  }
}

export function CellText({
  column,
  row,
  experimentName,
}: {
  column: Column;
  row: Row;
  experimentName: (id: string) => string;
}) {
  if (column.kind === "attribute") {
    if (column.key === "status") return <Status status={row.status} />;
    if (column.key === "start" || column.key === "end")
      return (
        <span>
          <Moment ms={column.key === "start" ? row.startMs : row.endMs} plain />
        </span>
      );
    if (column.key === "duration") return <Duration row={row} />;
    if (column.key === "experiment") return <Words text={experimentName(row.experimentId)} />;
  }
  const value = cellOf(column, row);
  if (value === undefined) return <div className={classes.waiting} />;
  if (value === null) return <span className={classes.none}>–</span>;
  if (typeof value === "number") return <span title={String(value)}>{number(value)}</span>;
  return <Words text={value} />;
}

function Words({ text }: { text: string }) {
  return <span title={text.length > 12 ? text : undefined}>{text}</span>;
}

function Duration({ row }: { row: Row }) {
  const now = useNow();
  const end = Number.isNaN(row.endMs) && row.status === "RUNNING" ? now : row.endMs;
  const text = duration(end - row.startMs);
  return text ? <span>{text}</span> : <span className={classes.none}>–</span>;
}
