/** What the table shows, as a file. */
import { line } from "@/lib/csv";
import { ATTRIBUTES, type Column, statOf } from "@/lib/run-columns";
import type { Row } from "@/pages/runs/data/rows";
import { cellOf } from "@/pages/runs/table/cells";

/** Times as ISO 8601, durations in seconds. */
export function csvOf(rows: readonly Row[], columns: readonly Column[]): string[] {
  const heads = columns.map((one) =>
    one.kind === "attribute"
      ? one.key === "duration"
        ? "Duration (s)"
        : ATTRIBUTES[one.key].title
      : [one.key, statOf(one)].filter(Boolean).join(" "),
  );
  const cell = (column: Column, row: Row): string | number | null | undefined => {
    const value = cellOf(column, row);
    if (column.kind !== "attribute" || typeof value !== "number") return value;
    return column.key === "duration" ? value / 1000 : new Date(value).toISOString();
  };
  return [
    line(["Run id", ...heads]),
    ...rows.map((row) => line([row.runId, ...columns.map((column) => cell(column, row))])),
  ];
}

export function save(name: string, lines: string[]): void {
  const url = URL.createObjectURL(new Blob(lines, { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").slice(0, 150);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
