// biome-ignore-all lint/a11y/useSemanticElements: a table whose cells have places of their own, as <table> cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: its rows and cells are read, not operated
/** A table of any size, of which only what is in sight is drawn. Head and first column stay. */
import { useElementSize, useMediaQuery, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "@/pages/compare/Grid.module.css";

const ROW = 32;
const SCROLLBAR = 18;

export interface GridProps {
  label: string;
  corner: ReactNode;
  columns: number;
  /** Columns share the room there is, between these widths. */
  columnWidth: readonly [number, number];
  headHeight: number;
  head: (column: number) => ReactNode;
  rows: number;
  /** A heading among the rows; it has no cells. */
  heading?: (row: number) => ReactNode;
  rowKey: (row: number) => string;
  rowHead: (row: number) => ReactNode;
  cell: (row: number, column: number) => { content: ReactNode; title?: string; look?: string | undefined };
}

export function Grid(props: GridProps) {
  const { label, corner, columns, columnWidth, headHeight, head, rows, rowKey } = props;
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery("(max-width: 640px)") ?? false;
  const first = narrow ? 132 : 250;
  const { ref: measured, width: room } = useElementSize<HTMLDivElement>();
  const merged = useMergedRef(box, measured);
  const [least, most] = columnWidth;
  const size = Math.round(Math.max(least, Math.min(most, (room - first - SCROLLBAR) / columns)));
  const down = useVirtualizer({
    count: rows,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
    scrollMargin: 0,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns,
    getScrollElement: () => box.current,
    estimateSize: () => size,
    overscan: 2,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another width is another place of all columns
  useEffect(() => across.measure(), [across, size]);
  const inSight = across.getVirtualItems();
  const width = first + across.getTotalSize();
  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={rows + 1}
      aria-colcount={columns + 1}
      ref={merged}
      className={`panel ${classes.box}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <div role="rowgroup" className={classes.head} style={{ width, height: headHeight }}>
        <div role="row" aria-rowindex={1} className={classes.headRow} style={{ height: headHeight }}>
          <div role="columnheader" aria-colindex={1} className={classes.corner} style={{ width: first }}>
            {corner}
          </div>
          {inSight.map((column) => (
            <div
              key={column.key}
              role="columnheader"
              aria-colindex={column.index + 2}
              className={classes.headCell}
              style={{ left: first + column.start, width: column.size }}
            >
              {head(column.index)}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className={classes.body} style={{ width, height: down.getTotalSize() }}>
        {down.getVirtualItems().map((row) => (
          <div
            key={rowKey(row.index)}
            role="row"
            aria-rowindex={row.index + 2}
            className={classes.row}
            style={{ height: ROW, transform: `translateY(${row.start}px)` }}
          >
            <Cells {...props} row={row.index} first={first} inSight={inSight} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Cells({
  row,
  first,
  inSight,
  heading,
  rowHead,
  cell,
}: GridProps & {
  row: number;
  first: number;
  inSight: { index: number; start: number; size: number; key: number | string | bigint }[];
}) {
  const title = heading?.(row);
  if (title !== undefined && title !== null)
    return (
      <div role="rowheader" aria-colindex={1} className={classes.heading}>
        {title}
      </div>
    );
  return (
    <>
      <div role="rowheader" aria-colindex={1} className={classes.rowHead} style={{ width: first }}>
        {rowHead(row)}
      </div>
      {inSight.map((column) => {
        const { content, title: more, look } = cell(row, column.index);
        return (
          <div
            key={column.key}
            role="cell"
            aria-colindex={column.index + 2}
            title={more}
            className={`${classes.cell} ${look ?? ""}`}
            style={{ left: first + column.start, width: column.size }}
          >
            {content}
          </div>
        );
      })}
    </>
  );
}
