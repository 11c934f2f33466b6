/** One run in the table. Drawn again only when something of it changed. */
import { IconChevronDown, IconChevronRight, IconEye, IconEyeOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { isNumeric } from "@/lib/run-columns";
import type { Span } from "@/lib/window";
import type { Row } from "@/pages/runs/data/rows";
import { CellText, colorOfRow } from "@/pages/runs/table/cells";
import { type Layout, ROW_HEIGHT } from "@/pages/runs/table/layout";
import classes from "@/pages/runs/table/RunsTable.module.css";

export interface RunRowProps {
  row: Row | undefined;
  workspace: string;
  layout: Layout;
  span: Span;
  place: number;
  depth: number;
  selected: boolean;
  cursor: boolean;
  /** Charts show it. */
  visible: boolean;
  /** Others in the table can be unfolded. */
  folds: boolean;
  /** null: it cannot be unfolded. */
  open: boolean | null;
  experimentName: (id: string) => string;
}

export const RunRow = memo(function RunRow(props: RunRowProps) {
  const { row, layout, span, place, selected, cursor } = props;
  const style = { transform: `translateY(${place * ROW_HEIGHT}px)`, width: layout.width, height: ROW_HEIGHT };
  return (
    <div
      role="row"
      id={`run-row-${place}`}
      className={`${classes.row} ${cursor ? classes.cursor : ""} ${row?.deleted ? classes.deleted : ""}`}
      style={style}
      aria-rowindex={place + 2}
      aria-selected={selected}
      aria-level={props.open !== null || props.depth > 0 ? props.depth + 1 : undefined}
      data-place={place}
      data-run={row?.runId}
    >
      <div className={classes.pins} style={{ width: layout.pinnedWidth }}>
        {row && <Tools row={row} selected={selected} visible={props.visible} />}
        {row ? <Name {...props} row={row} /> : <Waiting layout={layout} at={0} />}
        {layout.columns.slice(1, layout.pinned).map((_, i) => (
          <Value key={layout.columns[i + 1]!.id} {...props} at={i + 1} />
        ))}
      </div>
      <div className={classes.rest} style={{ left: layout.pinnedWidth }}>
        {Array.from({ length: span.end - span.first }, (_, i) => layout.pinned + span.first + i).map((at) => (
          <Value key={layout.columns[at]!.id} {...props} at={at} />
        ))}
      </div>
    </div>
  );
});

function Tools({ row, selected, visible }: { row: Row; selected: boolean; visible: boolean }) {
  const name = row.name || row.runId;
  return (
    <div className={classes.tools} role="gridcell" aria-colindex={1}>
      <input
        type="checkbox"
        className={classes.check}
        checked={selected}
        readOnly
        tabIndex={-1}
        data-does="select"
        aria-label={`Select ${name}`}
      />
      <button
        type="button"
        className={`${classes.eye} ${visible ? "" : classes.shut}`}
        tabIndex={-1}
        data-does="see"
        aria-pressed={visible}
        aria-label={`Show ${name} in charts`}
        title={visible ? "Shown in charts" : "Not in charts"}
      >
        {visible ? <IconEye size={16} /> : <IconEyeOff size={16} />}
      </button>
    </div>
  );
}

function Name({ row, workspace, layout, depth, folds, open }: RunRowProps & { row: Row }) {
  const name = row.name || row.runId;
  return (
    <div
      role="gridcell"
      aria-colindex={2}
      className={classes.cell}
      style={{
        left: layout.lefts[0],
        width: layout.widths[0],
        paddingLeft: 4 + depth * 18 + (folds && open === null ? 22 : 0),
      }}
    >
      {open !== null && (
        <button
          type="button"
          className={classes.fold}
          tabIndex={-1}
          data-does="fold"
          aria-expanded={open}
          aria-label={`Nested runs of ${name}`}
        >
          {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
        </button>
      )}
      <button
        type="button"
        className={classes.color}
        style={{ background: colorOfRow(row) }}
        tabIndex={-1}
        data-does="color"
        aria-label={`Colour of ${name}`}
      />
      <Link
        to="/workspaces/$workspace/experiments/$experiment/runs/$run"
        params={{ workspace, experiment: row.experimentId, run: row.runId }}
        className={classes.name}
        title={name}
        preload={false}
        tabIndex={-1}
      >
        {name}
      </Link>
      {row.children > 0 && <span className={classes.inside}>{row.children} nested</span>}
    </div>
  );
}

function Value({ row, layout, at, experimentName }: RunRowProps & { at: number }) {
  const column = layout.columns[at]!;
  return (
    <div
      role="gridcell"
      aria-colindex={at + 2}
      className={`${classes.cell} ${classes.quickly} ${isNumeric(column) ? classes.number : ""}`}
      style={{ left: layout.lefts[at], width: layout.widths[at] }}
      data-does="cell"
      data-column={at}
    >
      {row ? (
        <CellText column={column} row={row} experimentName={experimentName} />
      ) : (
        <div className={classes.waiting} />
      )}
    </div>
  );
}

function Waiting({ layout, at }: { layout: Layout; at: number }) {
  return (
    <div
      role="gridcell"
      className={classes.cell}
      style={{ left: layout.lefts[at], width: layout.widths[at] }}
    >
      <div className={classes.waiting} />
      <span className="only-read">Loading</span>
    </div>
  );
}
