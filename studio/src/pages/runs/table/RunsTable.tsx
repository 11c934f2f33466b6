/** The table of runs. Only what is in sight is drawn and read, however many runs there are. */
import { useNavigate } from "@tanstack/react-router";
import { type MouseEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { onPointedRun, pointAtRun, pointedRun } from "@/components/charts/pointed-run";
import { RUN_COLORS } from "@/lib/colors";
import { type Column, columnOf, metricId } from "@/lib/run-columns";
import type { RunsModel } from "@/pages/runs/data/model";
import type { Item } from "@/pages/runs/data/tree";
import type { RunsSearch } from "@/pages/runs/search";
import type { Selection } from "@/pages/runs/selection";
import { GroupRow } from "@/pages/runs/table/GroupRow";
import { type Layout, ROW_HEIGHT } from "@/pages/runs/table/layout";
import { RunRow } from "@/pages/runs/table/RunRow";
import { type HeadActions, RunsHead } from "@/pages/runs/table/RunsHead";
import classes from "@/pages/runs/table/RunsTable.module.css";
import { useTableKeys } from "@/pages/runs/table/use-keys";
import { reveal, useSight } from "@/pages/runs/table/use-sight";

/** More rows than are drawn: those that one scrolls to next are read as well. */
const AHEAD = 40;

export interface TableActions {
  head: HeadActions;
  see: (handle: number) => void;
  cell: (column: Column, handle: number, at: HTMLElement) => void;
  color: (handle: number, at: HTMLElement) => void;
  filter: () => void;
  compare: () => void;
}

export function RunsTable({
  model,
  workspace,
  search,
  layout,
  selection,
  isVisible,
  experimentName,
  menuOf,
  actions,
  boxRef,
}: {
  model: RunsModel;
  workspace: string;
  search: RunsSearch;
  layout: Layout;
  selection: Selection;
  isVisible: (handle: number) => boolean;
  experimentName: (id: string) => string;
  /** The column whose menu is open. */
  menuOf: string | null;
  actions: TableActions;
  boxRef: RefObject<HTMLDivElement | null>;
}) {
  const tree = model.tree;
  const sight = useSight(boxRef, layout, tree.count);
  const [cursor, showCursor] = useState(-1);
  // Keys may come faster than the page is drawn.
  const now = useRef(-1);
  const setCursor = (place: number) => {
    now.current = place;
    showCursor(place);
  };
  const navigate = useNavigate();
  useRead(model, layout, sight.rows);
  usePointed(boxRef);
  // Another question starts at the top.
  const question = JSON.stringify([
    search.filter,
    search.status,
    search.since,
    search.sort,
    search.by,
    search.view,
  ]);
  const asked = useRef(question);
  useEffect(() => {
    if (asked.current === question || model.waiting) return;
    asked.current = question;
    setCursor(-1);
    if (boxRef.current) boxRef.current.scrollTop = 0;
  });

  const fold = (item: Item | null): boolean => {
    if (item?.kind === "group") model.toggle("group", item.index);
    else if (item?.kind === "run" && canOpen(model, item.handle, search)) model.toggle("run", item.handle);
    else return false;
    return true;
  };
  const goTo = (place: number) => {
    const next = Math.max(0, Math.min(place, tree.count - 1));
    if (tree.count === 0) return;
    setCursor(next);
    reveal(boxRef.current, next);
    boxRef.current?.focus({ preventScroll: true });
  };
  const current = () => tree.at(now.current);
  const onKeyDown = useTableKeys({
    by: (step) => goTo(now.current < 0 ? (step > 0 ? 0 : tree.count - 1) : now.current + step),
    to: goTo,
    select: (extend) => {
      const item = current();
      if (item?.kind !== "run") return;
      if (extend)
        selection.extend(item.handle, (from, to) => between(tree.handlesBetween(0, tree.count), from, to));
      else selection.toggle(item.handle);
    },
    open: () => {
      const item = current();
      if (item?.kind === "group") {
        fold(item);
        return;
      }
      const row = item?.kind === "run" ? model.rows.get(item.handle) : undefined;
      if (row)
        navigate({
          to: "/workspaces/$workspace/experiments/$experiment/runs/$run",
          params: { workspace, experiment: row.experimentId, run: row.runId },
        });
    },
    fold: (open) => {
      const item = current();
      const isOpen =
        item?.kind === "run"
          ? model.isOpen("run", item.handle)
          : item?.kind === "group" && model.isOpen("group", item.index);
      return item !== null && open !== isOpen && fold(item);
    },
    see: () => {
      const item = current();
      if (item?.kind === "run") actions.see(item.handle);
    },
    filter: actions.filter,
    compare: actions.compare,
  });

  const onClick = (event: MouseEvent<HTMLDivElement>) => {
    const target = (event.target as HTMLElement).closest<HTMLElement>("[data-does]");
    const place = Number(
      (event.target as HTMLElement).closest<HTMLElement>("[data-place]")?.dataset.place ?? -1,
    );
    const item = tree.at(place);
    if (!item) return;
    setCursor(place);
    if (!target) return;
    const does = target.dataset.does;
    if (does === "fold" || item.kind === "group") {
      fold(item);
      return;
    }
    if (item.kind !== "run") return;
    if (does === "select") {
      if (event.shiftKey)
        selection.extend(item.handle, (from, to) => between(tree.handlesBetween(0, tree.count), from, to));
      else selection.toggle(item.handle);
    } else if (does === "see") actions.see(item.handle);
    else if (does === "color") actions.color(item.handle, target);
    else if (does === "cell")
      actions.cell(layout.columns[Number(target.dataset.column)]!, item.handle, target);
  };
  const onPointerOver = (event: MouseEvent<HTMLDivElement>) =>
    pointAtRun((event.target as HTMLElement).closest<HTMLElement>("[data-run]")?.dataset.run ?? null);

  const by = useMemo(() => search.by.flatMap((id) => columnOf(id) ?? []), [search.by]);
  const metrics = model.groups?.asked.metrics.map((one) => metricId(one.key, one.stat)) ?? [];
  const folded = search.nested || search.by.length > 0;
  const drawn = [];
  const slots = Math.max(64, sight.rows.end - sight.rows.first);
  for (let place = sight.rows.first; place < sight.rows.end; place++) {
    const item = tree.at(place);
    if (!item) continue;
    const common = { layout, span: sight.columns, place, cursor: place === cursor };
    // Rows that go out of sight become those that come: nothing is made anew.
    const key = place % slots;
    if (item.kind === "run")
      drawn.push(
        <RunRow
          key={key}
          {...common}
          row={model.rows.get(item.handle)}
          workspace={workspace}
          depth={item.depth}
          folds={folded}
          selected={selection.has(item.handle)}
          visible={isVisible(item.handle)}
          open={canOpen(model, item.handle, search) ? model.isOpen("run", item.handle) : null}
          experimentName={experimentName}
        />,
      );
    else if (item.kind === "group")
      drawn.push(
        <GroupRow
          key={key}
          {...common}
          group={model.groups!.groups[item.index]!}
          by={by}
          color={RUN_COLORS[item.index % RUN_COLORS.length]!}
          metrics={metrics}
          open={model.isOpen("group", item.index)}
        />,
      );
    else
      drawn.push(<Note key={key} text={item.text} depth={item.depth} place={place} width={layout.width} />);
  }
  const all =
    tree.count > 0 && selection.handles.size >= tree.count ? true : selection.handles.size > 0 ? null : false;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useAriaPropsSupportedByRole: the role is one of two
    <div
      ref={boxRef}
      role={folded ? "treegrid" : "grid"}
      aria-label="Runs"
      aria-rowcount={tree.count + 1}
      aria-colcount={layout.columns.length + 1}
      aria-multiselectable
      aria-busy={model.waiting}
      aria-activedescendant={
        cursor >= sight.rows.first && cursor < sight.rows.end ? `run-row-${cursor}` : undefined
      }
      tabIndex={0}
      className={`${classes.box} ${model.waiting && model.snapshot() > 0 ? classes.old : ""}`}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onPointerOver={onPointerOver}
      onPointerLeave={() => pointAtRun(null)}
    >
      <div role="rowgroup">
        <RunsHead
          layout={layout}
          span={sight.columns}
          sort={search.sort}
          allSelected={all}
          menuOf={menuOf}
          actions={actions.head}
        />
      </div>
      <div
        role="rowgroup"
        className={classes.body}
        style={{ height: tree.count * ROW_HEIGHT, width: layout.width }}
      >
        {drawn}
      </div>
    </div>
  );
}

/** A run that others are nested in, where nesting is shown. */
function canOpen(model: RunsModel, handle: number, search: RunsSearch): boolean {
  return search.nested && search.by.length === 0 && (model.rows.get(handle)?.children ?? 0) > 0;
}

function between(handles: readonly number[], from: number, to: number): number[] {
  const a = handles.indexOf(from);
  const b = handles.indexOf(to);
  return a < 0 || b < 0 ? [to] : handles.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** Marks the run that the pointer is on in a chart, without drawing rows again. */
function usePointed(box: RefObject<HTMLDivElement | null>): void {
  const mark = useRef(() => {
    const run = pointedRun();
    for (const row of box.current?.querySelectorAll<HTMLElement>("[data-run]") ?? [])
      row.toggleAttribute("data-pointed", row.dataset.run === run);
  });
  useEffect(() => onPointedRun(mark.current), []);
  // Rows are used again for other runs.
  useEffect(() => mark.current());
}

/** Reads the rows that are in sight, and some around them. */
function useRead(model: RunsModel, layout: Layout, rows: { first: number; end: number }): void {
  const version = model.snapshot();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that rows came or went
  useEffect(() => {
    const tree = model.tree;
    const last = model.groups;
    if (last?.more && rows.end >= tree.count - 20) last.loadMore();
    model.rows.want(tree.handlesBetween(rows.first - AHEAD, rows.end + AHEAD), layout.columns);
  }, [model, layout, rows.first, rows.end, version]);
}

function Note({ text, depth, place, width }: { text: string; depth: number; place: number; width: number }) {
  return (
    <div
      role="row"
      aria-rowindex={place + 2}
      className={classes.row}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)`, height: ROW_HEIGHT, width }}
    >
      <div role="gridcell" className={`${classes.cell} ${classes.note}`} style={{ left: 60 + depth * 18 }}>
        {text}
      </div>
    </div>
  );
}
