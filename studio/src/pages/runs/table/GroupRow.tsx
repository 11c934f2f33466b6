/** A group of runs in the table: what they have in common, and mean ± deviation of their metrics. */
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import type { GroupMetric, RunGroup } from "@/api/run-groups";
import { count, number } from "@/lib/format";
import { type Column, cellId, isNumeric, titleOf } from "@/lib/run-columns";
import type { Span } from "@/lib/window";
import { type Layout, ROW_HEIGHT } from "@/pages/runs/table/layout";
import classes from "@/pages/runs/table/RunsTable.module.css";

/** "model = resnet18": what the runs of a group have in common. Of several, only the values: "resnet18 · adam". */
export function groupName(by: readonly Column[], group: RunGroup): string {
  const [column] = by;
  if (column && by.length === 1) return `${titleOf(column)} = ${group.values[0] ?? "none"}`;
  return group.values.map((one) => one ?? "none").join(" · ");
}

export const GroupRow = memo(function GroupRow({
  group,
  by,
  color,
  metrics,
  layout,
  span,
  place,
  open,
  cursor,
}: {
  group: RunGroup;
  by: readonly Column[];
  color: string;
  /** Which cells the group's metrics are, in order. */
  metrics: readonly string[];
  layout: Layout;
  span: Span;
  place: number;
  open: boolean;
  cursor: boolean;
}) {
  const name = groupName(by, group);
  const shown = [
    ...Array.from({ length: layout.pinned - 1 }, (_, i) => i + 1),
    ...Array.from({ length: span.end - span.first }, (_, i) => layout.pinned + span.first + i),
  ];
  const cell = (at: number) => {
    const column = layout.columns[at]!;
    const metric = isNumeric(column) ? group.metrics[metrics.indexOf(cellId(column))] : undefined;
    const place = by.findIndex((one) => one.id === column.id);
    return (
      <div
        key={column.id}
        role="gridcell"
        aria-colindex={at + 2}
        className={`${classes.cell} ${isNumeric(column) ? classes.number : ""}`}
        style={{ left: layout.lefts[at], width: layout.widths[at] }}
      >
        {metric && <Spread metric={metric} />}
        {place >= 0 && <span>{group.values[place] ?? "none"}</span>}
      </div>
    );
  };
  return (
    <div
      role="row"
      id={`run-row-${place}`}
      className={`${classes.row} ${classes.group} ${cursor ? classes.cursor : ""}`}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)`, width: layout.width, height: ROW_HEIGHT }}
      aria-rowindex={place + 2}
      aria-expanded={open}
      data-place={place}
    >
      <div className={classes.pins} style={{ width: layout.pinnedWidth }}>
        <div
          role="gridcell"
          aria-colindex={1}
          className={classes.cell}
          style={{ left: 0, width: layout.lefts[0]! + layout.widths[0]! }}
        >
          <button
            type="button"
            className={classes.fold}
            tabIndex={-1}
            data-does="fold"
            aria-expanded={open}
            aria-label={`Runs with ${name}`}
          >
            {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
          </button>
          <i className={classes.color} style={{ background: color }} />
          <span title={by.map((one, i) => `${titleOf(one)} = ${group.values[i] ?? "none"}`).join(", ")}>
            {name}
          </span>
          <small className={classes.inside}>{count(group.n)}</small>
        </div>
        {shown.filter((at) => at < layout.pinned).map(cell)}
      </div>
      <div className={classes.rest} style={{ left: layout.pinnedWidth }}>
        {shown.filter((at) => at >= layout.pinned).map(cell)}
      </div>
    </div>
  );
});

function Spread({ metric }: { metric: GroupMetric }) {
  if (metric.mean === null) return <span className={classes.none}>–</span>;
  const ends = `${number(metric.min)} to ${number(metric.max)}`;
  return (
    <span title={`mean ${metric.mean} ± ${metric.std ?? 0}, ${ends}`}>
      {short(metric.mean)}
      {metric.std !== null && <small className={classes.spread}>± {short(metric.std)}</small>}
    </span>
  );
}

/** Means need fewer digits than single values. */
const short = (value: number): string =>
  number(Number.isFinite(value) ? Number(value.toPrecision(3)) : value);
