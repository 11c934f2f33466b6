/** Spans by who called whom, along time. Arrows move, left and right close and open. */
import { IconAlertCircle, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import classes from "@/components/traces/traces.module.css";
import { duration } from "@/lib/format";
import { lengthOf, type Span, spanRows } from "@/lib/spans";

const ROW = 30;
const KEYS = new Set(["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"]);

export function SpanTree({
  spans,
  selected,
  select,
}: {
  spans: readonly Span[];
  selected: string;
  select: (id: string) => void;
}) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => spanRows(spans, closed), [spans, closed]);
  const whole = useMemo(() => lengthOf(spans) || 1, [spans]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const place = rows.findIndex((row) => row.span.id === selected);
  const turn = (id: string, close: boolean) => {
    const next = new Set(closed);
    if (close) next.add(id);
    else next.delete(id);
    setClosed(next);
  };
  const to = (next: number) => {
    const at = Math.max(0, Math.min(rows.length - 1, next));
    const row = rows[at];
    if (!row) return;
    select(row.span.id);
    virtual.scrollToIndex(at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!KEYS.has(event.key)) return;
    event.preventDefault();
    const row = rows[place];
    if (event.key === "ArrowDown") to(place + 1);
    else if (event.key === "ArrowUp") to(place - 1);
    else if (event.key === "Home") to(0);
    else if (event.key === "End") to(rows.length - 1);
    else if (row && row.children > 0) turn(row.span.id, event.key === "ArrowLeft");
  };
  return (
    <div
      ref={box}
      role="tree"
      aria-label="Spans"
      tabIndex={0}
      aria-activedescendant={place >= 0 ? `span-${place}` : undefined}
      className={`panel ${classes.tree}`}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const { span, depth, children } = rows[item.index]!;
          const left = (100 * span.startMs) / whole;
          const width = (100 * (span.durationMs ?? whole - span.startMs)) / whole;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys of all its rows
            // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and names the active row
            <div
              key={item.key}
              id={`span-${item.index}`}
              role="treeitem"
              aria-level={depth + 1}
              aria-selected={span.id === selected}
              {...(children > 0 ? { "aria-expanded": !closed.has(span.id) } : {})}
              className={classes.span}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => {
                select(span.id);
                if (children > 0 && span.id === selected) turn(span.id, !closed.has(span.id));
              }}
            >
              <span className={classes.label} style={{ paddingLeft: 8 + Math.min(depth, 12) * 14 }}>
                <IconChevronRight
                  size={13}
                  aria-hidden
                  className={closed.has(span.id) ? classes.chevron : classes.turned}
                  style={children === 0 ? { visibility: "hidden" } : {}}
                />
                {span.failed && <IconAlertCircle size={14} className={classes.failed} aria-label="Failed" />}
                <span className="ellipsis" title={span.name}>
                  {span.name || "(no name)"}
                </span>
                {span.kind && span.kind !== "UNKNOWN" && (
                  <span className={classes.kind}>{span.kind.toLowerCase()}</span>
                )}
              </span>
              <span className={classes.time} aria-hidden>
                <span
                  className={`${classes.bar} ${span.failed ? classes.bad : ""}`}
                  style={{
                    left: `${Math.min(left, 99.5)}%`,
                    width: `max(2px, ${Math.min(width, 100 - left)}%)`,
                  }}
                />
              </span>
              <span className={classes.took}>
                {span.durationMs === null ? "going on" : duration(span.durationMs)}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
