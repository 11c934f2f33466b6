/** The heads of the columns: sort by click, wider by drag, moved by drag, a menu for the rest. */
import { IconArrowDown, IconArrowUp, IconDotsVertical } from "@tabler/icons-react";
import { type DragEvent, type MouseEvent, memo, type PointerEvent, useState } from "react";
import { type Column, isNumeric, statOf, titleOf } from "@/lib/run-columns";
import { nameOf, type Sort } from "@/lib/run-filter";
import type { Span } from "@/lib/window";
import { HEAD_HEIGHT, type Layout } from "@/pages/runs/table/layout";
import head from "@/pages/runs/table/RunsHead.module.css";
import classes from "@/pages/runs/table/RunsTable.module.css";

export interface HeadActions {
  sort: (column: Column, more: boolean) => void;
  menu: (column: Column, at: HTMLElement) => void;
  /** `done`: the drag has ended. */
  resize: (column: Column, width: number, done: boolean) => void;
  fit: (column: Column) => void;
  move: (id: string, before: string) => void;
  all: (checked: boolean) => void;
}

export const RunsHead = memo(function RunsHead({
  layout,
  span,
  sort,
  allSelected,
  menuOf,
  actions,
}: {
  layout: Layout;
  span: Span;
  sort: readonly Sort[];
  allSelected: boolean | null;
  menuOf: string | null;
  actions: HeadActions;
}) {
  const [over, setOver] = useState<string | null>(null);
  const cell = (at: number) => (
    <Head
      key={layout.columns[at]!.id}
      column={layout.columns[at]!}
      at={at}
      layout={layout}
      sorted={sort.find((one) => one.id === layout.columns[at]!.id)}
      menuOpen={menuOf === layout.columns[at]!.id}
      over={over}
      setOver={setOver}
      actions={actions}
    />
  );
  return (
    <div
      role="row"
      aria-rowindex={1}
      className={classes.head}
      style={{ width: layout.width, height: HEAD_HEIGHT }}
    >
      <div className={classes.pins} style={{ width: layout.pinnedWidth }}>
        <div role="columnheader" aria-colindex={1} className={classes.tools}>
          <input
            type="checkbox"
            className={classes.check}
            checked={allSelected === true}
            ref={(element) => {
              if (element) element.indeterminate = allSelected === null;
            }}
            onChange={(event) => actions.all(event.currentTarget.checked)}
            aria-label="Select all runs"
          />
        </div>
        {Array.from({ length: layout.pinned }, (_, at) => cell(at))}
      </div>
      <div className={classes.rest} style={{ left: layout.pinnedWidth }}>
        {Array.from({ length: span.end - span.first }, (_, i) => cell(layout.pinned + span.first + i))}
      </div>
    </div>
  );
});

const KINDS = { attribute: "", metric: "metric", param: "param", tag: "tag" };

function Head({
  column,
  at,
  layout,
  sorted,
  menuOpen,
  over,
  setOver,
  actions,
}: {
  column: Column;
  at: number;
  layout: Layout;
  sorted: Sort | undefined;
  menuOpen: boolean;
  over: string | null;
  setOver: (id: string | null) => void;
  actions: HeadActions;
}) {
  const title = titleOf(column);
  const small = statOf(column) || KINDS[column.kind];
  const movable = at > 0;
  const drop = {
    onDragOver: (event: DragEvent) => {
      if (!movable || !event.dataTransfer.types.includes(DRAGGED)) return;
      event.preventDefault();
      if (over !== column.id) setOver(column.id);
    },
    onDragLeave: () => setOver(null),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(null);
      actions.move(event.dataTransfer.getData(DRAGGED), column.id);
    },
  };
  return (
    <div
      role="columnheader"
      aria-colindex={at + 2}
      aria-sort={sorted ? (sorted.down ? "descending" : "ascending") : "none"}
      className={`${head.head} ${isNumeric(column) ? head.number : ""} ${over === column.id ? head.over : ""}`}
      style={{ left: layout.lefts[at], width: layout.widths[at] }}
      {...drop}
    >
      <button
        type="button"
        className={head.sort}
        style={at === 0 ? { paddingLeft: 4 } : undefined}
        draggable={movable}
        onDragStart={(event) => event.dataTransfer.setData(DRAGGED, column.id)}
        onClick={(event: MouseEvent) => actions.sort(column, event.shiftKey)}
        onContextMenu={(event) => {
          event.preventDefault();
          actions.menu(column, event.currentTarget);
        }}
        title={`${title}${nameOf(column) === null ? "" : " · click to sort, Shift to add"}`}
        aria-disabled={nameOf(column) === null}
      >
        {small && <span className={`${head.kind} ellipsis`}>{small}</span>}
        <span className={head.title}>
          {sorted && (sorted.down ? <IconArrowDown size={13} /> : <IconArrowUp size={13} />)}
          <span className="ellipsis">{title}</span>
        </span>
      </button>
      <button
        type="button"
        className={head.more}
        aria-label={`What to do with ${title}`}
        aria-haspopup="menu"
        aria-expanded={menuOpen}
        onClick={(event) => actions.menu(column, event.currentTarget)}
      >
        <IconDotsVertical size={14} />
      </button>
      <Edge column={column} width={layout.widths[at]!} actions={actions} />
    </div>
  );
}

const DRAGGED = "application/x-runyard-column";

function Edge({ column, width, actions }: { column: Column; width: number; actions: HeadActions }) {
  const start = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const from = event.clientX;
    element.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) =>
      actions.resize(column, width + moved.clientX - from, false);
    const end = (moved: globalThis.PointerEvent) => {
      element.removeEventListener("pointermove", move);
      if (moved.clientX !== from) actions.resize(column, width + moved.clientX - from, true);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end, { once: true });
    element.addEventListener("pointercancel", end, { once: true });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the menu has the same for the keyboard
    <div
      className={head.edge}
      onPointerDown={start}
      onDoubleClick={() => actions.fit(column)}
      title="Drag: wider or narrower. Double click: as wide as its text."
    />
  );
}
