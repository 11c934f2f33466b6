/** A table of any length: only rows in sight are made. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import classes from "@/components/artifacts/previews/DataTable.module.css";

const ROW = 27;
const MOST_COLUMNS = 200;

export interface DataTableProps {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  label: string;
}

export function DataTable({ columns, rows, label }: DataTableProps) {
  const box = useRef<HTMLDivElement>(null);
  const shown = columns.slice(0, MOST_COLUMNS);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const numeric = useMemo(() => numericColumns(shown.length, rows), [shown.length, rows]);
  const widths = useMemo(
    () =>
      shown.map((name, i) => {
        const longest = rows
          .slice(0, 60)
          .reduce((most, row) => Math.max(most, (row[i] ?? "").length), name.length);
        return Math.max(6, Math.min(44, longest + 3));
      }),
    [shown, rows],
  );
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={box} className={classes.box} tabIndex={0} aria-label={label}>
      <table className={classes.table} aria-rowcount={rows.length + 1}>
        <colgroup>
          <col style={{ width: `${String(rows.length).length + 4}ch` }} />
          {widths.map((width, i) => (
            <col key={String(i)} style={{ width: `${width}ch` }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th scope="col">
              <span className="only-read">Row</span>
            </th>
            {shown.map((name, i) => (
              <th
                key={String(i)}
                scope="col"
                className={numeric[i] ? classes.number : undefined}
                title={name}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr style={{ height: above }} aria-hidden />}
          {items.map((item) => (
            <tr key={item.index} aria-rowindex={item.index + 2} style={{ height: ROW }}>
              <td className={classes.place}>{item.index + 1}</td>
              {shown.map((_, i) => {
                const text = rows[item.index]?.[i] ?? "";
                return (
                  <td key={String(i)} className={numeric[i] ? classes.number : undefined} title={text}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
          {below > 0 && <tr style={{ height: below }} aria-hidden />}
        </tbody>
      </table>
      {columns.length > shown.length && (
        <p className="quiet">
          The first {shown.length} of {columns.length} columns.
        </p>
      )}
    </section>
  );
}

/** Columns that hold nothing but numbers are set to the right. */
function numericColumns(count: number, rows: readonly (readonly string[])[]): boolean[] {
  const some = rows.slice(0, 100);
  return Array.from({ length: count }, (_, i) => {
    const texts = some.map((row) => row[i] ?? "").filter((text) => text !== "");
    return texts.length > 0 && texts.every((text) => !Number.isNaN(Number(text)) || text === "NaN");
  });
}
