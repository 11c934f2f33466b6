/** Which rows and columns of the scrolled box are in sight; told only when they change. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { columnsInSight, rowsInSight, type Span } from "@/lib/window";
import { HEAD_HEIGHT, type Layout, ROW_HEIGHT } from "@/pages/runs/table/layout";

/** Rows drawn before they come into sight. */
const MORE_ROWS = 6;
const MORE_WIDTH = 120;

export interface Sight {
  rows: Span;
  columns: Span;
}

export function useSight(box: RefObject<HTMLDivElement | null>, layout: Layout, count: number) {
  const [sight, setSight] = useState<Sight>({ rows: { first: 0, end: 40 }, columns: { first: 0, end: 12 } });
  const latest = useRef({ layout, count });
  latest.current = { layout, count };
  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const now = latest.current;
    const rows = rowsInSight(element.scrollTop, element.clientHeight, ROW_HEIGHT, now.count, MORE_ROWS);
    const left = element.scrollLeft - MORE_WIDTH;
    const right = element.scrollLeft + element.clientWidth - now.layout.pinnedWidth + MORE_WIDTH;
    const columns = columnsInSight(now.layout.starts, left, right);
    setSight((before) => {
      const next = {
        rows: same(before.rows, rows) ? before.rows : rows,
        columns: same(before.columns, columns) ? before.columns : columns,
      };
      return next.rows === before.rows && next.columns === before.columns ? before : next;
    });
  }, [box]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another layout or length shows other rows
  useLayoutEffect(look, [look, layout, count]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [box, look]);
  const end = layout.starts.length - 1;
  const { rows, columns } = sight;
  // The same objects while they say the same: rows are drawn again only when they must be.
  const inRows = useMemo(() => within(rows, count), [rows, count]);
  const inColumns = useMemo(() => within(columns, end), [columns, end]);
  return { rows: inRows, columns: inColumns };
}

const within = (span: Span, end: number): Span => ({
  first: Math.min(span.first, end),
  end: Math.min(span.end, end),
});
const same = (a: Span, b: Span): boolean => a.first === b.first && a.end === b.end;

/** Scrolls so that a row is in sight, below the head. */
export function reveal(box: HTMLDivElement | null, place: number): void {
  if (!box) return;
  const top = place * ROW_HEIGHT;
  const room = box.clientHeight - HEAD_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + room) box.scrollTop = top + ROW_HEIGHT - room;
}
