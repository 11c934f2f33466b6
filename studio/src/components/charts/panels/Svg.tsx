/** The frame of drawings of one value per run: two axes and what lies between. */
import type { ReactNode } from "react";
import board from "@/components/charts/charts.module.css";
import classes from "@/components/charts/panels/panels.module.css";
import type { ValueAxis } from "@/lib/chart-scales";

export const ROOM = { left: 58, right: 12, top: 8, bottom: 34 };

export interface Area {
  width: number;
  height: number;
  x: (share: number) => number;
  y: (share: number) => number;
}

export function area(width: number, height: number, room = ROOM): Area {
  const w = Math.max(10, width - room.left - room.right);
  const h = Math.max(10, height - room.top - room.bottom);
  return {
    width: w,
    height: h,
    x: (share) => room.left + share * w,
    y: (share) => room.top + (1 - share) * h,
  };
}

export function Drawing({
  width,
  height,
  label,
  children,
}: {
  width: number;
  height: number;
  label: string;
  children: ReactNode;
}) {
  return (
    <svg
      className={board.svg}
      viewBox={`0 0 ${Math.max(1, width)} ${Math.max(1, height)}`}
      role="img"
      aria-label={label}
    >
      {children}
    </svg>
  );
}

const short = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const CHARACTER = 6.2;

export function Axes({
  at,
  x,
  y,
  xName,
  yName,
  grid = true,
}: {
  at: Area;
  x: ValueAxis;
  y: ValueAxis;
  xName: string;
  yName: string;
  grid?: boolean;
}) {
  const per = Math.max(3, Math.floor(at.width / Math.max(1, x.ticks.length) / CHARACTER));
  return (
    <g aria-hidden>
      {y.ticks.map((tick) => (
        <g key={tick.at}>
          {grid && (
            <line className={classes.grid} x1={at.x(0)} x2={at.x(1)} y1={at.y(tick.at)} y2={at.y(tick.at)} />
          )}
          <text x={at.x(0) - 6} y={at.y(tick.at) + 4} textAnchor="end">
            {short(tick.text, 8)}
          </text>
        </g>
      ))}
      {x.ticks.map((tick) => (
        <g key={tick.at}>
          {grid && (
            <line className={classes.grid} x1={at.x(tick.at)} x2={at.x(tick.at)} y1={at.y(0)} y2={at.y(1)} />
          )}
          <text x={at.x(tick.at)} y={at.y(0) + 14} textAnchor="middle">
            {short(tick.text, per)}
          </text>
        </g>
      ))}
      <path className={classes.axis} fill="none" d={`M${at.x(0)},${at.y(1)}V${at.y(0)}H${at.x(1)}`} />
      <text className={classes.label} x={at.x(1)} y={at.y(0) + 29} textAnchor="end">
        {short(xName, Math.floor(at.width / CHARACTER))}
      </text>
      <text className={classes.label} textAnchor="end" transform={`translate(11 ${at.y(1)}) rotate(-90)`}>
        {short(yName, Math.floor(at.height / CHARACTER))}
      </text>
    </g>
  );
}
