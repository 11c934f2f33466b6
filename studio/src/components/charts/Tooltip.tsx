/** What the lines of a chart have at a place: greatest first; beside the pointer, or where somebody pinned it. */
import { CloseButton, Portal } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Hover } from "@/components/charts/plot";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
import classes from "@/components/charts/Tooltip.module.css";
import type { Reading } from "@/lib/chart-data";
import type { XAxis } from "@/lib/chart-state";
import { placeText } from "@/lib/chart-ticks";
import { aroundNearest } from "@/lib/chart-tooltip";
import { count, number } from "@/lib/format";

const SHORT = 12;
const LONG = 200;
const WIDTH = 300;
const ROW = 20;
const GAP = 16;

export function ChartTooltip({
  hover,
  x,
  pinned,
  linkOf,
  onClose,
}: {
  hover: Hover;
  x: XAxis;
  pinned: boolean;
  linkOf: (runId: string, experimentId: string) => string | null;
  onClose: () => void;
}) {
  const pointed = usePointedRun();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!pinned) return;
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) onClose();
    };
    const pressed = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", pressed);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", pressed);
    };
  }, [pinned, onClose]);
  if (hover.readings.length === 0 && !pinned) return null;
  const { rows, before, after } = aroundNearest(hover.readings, hover.nearest, pinned ? LONG : SHORT);
  const width = Math.min(WIDTH, window.innerWidth - 16);
  const high = Math.min(pinned ? 340 : 400, rows.length * ROW + 108);
  const right = hover.left + GAP + width < window.innerWidth;
  const left = right ? hover.left + GAP : Math.max(8, hover.left - GAP - width);
  const top = Math.max(8, Math.min(hover.top - high / 3, window.innerHeight - high - 8));
  return (
    <Portal>
      <div
        ref={box}
        className={`${classes.tooltip} ${pinned ? classes.pinned : ""}`}
        style={{ left, top, width }}
        {...(pinned ? { role: "group", "aria-label": "Values at this place" } : { "aria-hidden": true })}
      >
        <div className={classes.head}>
          <span className="ellipsis">{placeText(x, hover.x)}</span>
          {pinned && <CloseButton size="xs" aria-label="Close values" onClick={onClose} />}
        </div>
        <More n={before} where="above" />
        <ul className={classes.rows}>
          {rows.map((one) => (
            <Row
              key={one.line.key}
              reading={one}
              near={one.line.runId === (pinned ? pointed : (hover.nearest?.line.runId ?? pointed))}
              to={pinned ? linkOf(one.line.runId, one.line.experimentId) : null}
              active={pinned}
            />
          ))}
        </ul>
        <More n={after} where="below" />
        {!pinned && rows.length > 0 && <div className={classes.foot}>Click to pin</div>}
      </div>
    </Portal>
  );
}

function Row({
  reading,
  near,
  to,
  active,
}: {
  reading: Reading;
  near: boolean;
  to: string | null;
  active: boolean;
}) {
  const { line, at, value } = reading;
  const { series } = line;
  const points = series.count?.[at] ?? 1;
  const spread = !series.exact && series.min[at] !== series.max[at];
  const raw = series.last[at]!;
  const name = to ? <Link to={to}>{line.label}</Link> : line.label;
  return (
    <li
      className={`${classes.row} ${near ? classes.near : ""}`}
      onMouseEnter={active ? () => pointAtRun(line.runId) : undefined}
      onMouseLeave={active ? () => pointAtRun(null) : undefined}
    >
      <span className={classes.swatch} style={{ background: line.color }} />
      <span className={`ellipsis ${classes.name}`} title={line.label}>
        {name}
      </span>
      <span className={`numeric ${classes.value}`}>
        {number(value)}
        {line.smooth && raw !== value && <span className="quiet"> ({number(raw)})</span>}
        {near && spread && (
          <span className={classes.spread}>
            {number(series.min[at])} … {number(series.max[at])}
            {series.runs ? ` of ${series.runs[at]} runs` : points > 1 ? ` of ${count(points)} points` : ""}
          </span>
        )}
      </span>
    </li>
  );
}

function More({ n, where }: { n: number; where: string }) {
  return n > 0 ? (
    <div className={classes.more}>
      {n.toLocaleString("en-US")} more {where}
    </div>
  ) : null;
}
