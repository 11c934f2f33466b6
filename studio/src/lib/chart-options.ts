/** uPlot's options for our charts: it draws axes and grid, and knows the pointer; lines are ours. Pure. */
import type uPlot from "uplot";
import type { Span } from "@/lib/chart-data";
import type { XAxis } from "@/lib/chart-state";
import { logTick, RELATIVE_STEPS, relativeTick, tick, timeTicks } from "@/lib/chart-ticks";

export interface Looks {
  text: string;
  grid: string;
  line: string;
}

export interface Wanted {
  width: number;
  height: number;
  x: XAxis;
  logX: boolean;
  logY: boolean;
  looks: Looks;
  /** Asked whenever uPlot draws. */
  xSpan: () => Span;
  ySpan: () => Span;
  hooks: uPlot.Hooks.Arrays;
  bind: uPlot.Cursor.Bind;
}

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
const CHARACTER = 6.3;

/** The width of the y axis: as its longest number needs. */
export function axisWidth(values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, one) => Math.max(most, one?.length ?? 0), 3);
  return Math.ceil(longest * CHARACTER + 14);
}

const shown = (values: (number | null)[], text: (value: number) => string) =>
  values.map((value) => (value === null ? "" : text(value)));

function yAxis(log: boolean, looks: Looks): uPlot.Axis {
  return {
    ...axis(looks),
    size: (_, values) => axisWidth(values),
    space: 32,
    values: (_, splits, __, ___, distance) => shown(splits, log ? logTick : (value) => tick(value, distance)),
  };
}

function xAxis(x: XAxis, log: boolean, looks: Looks): uPlot.Axis {
  const made: uPlot.Axis = {
    ...axis(looks),
    size: x === "time" ? 42 : 28,
    space: x === "time" ? 78 : 64,
    gap: 4,
  };
  if (x === "time") {
    made.values = (_, splits, __, ___, distance) => timeTicks(splits, distance);
    return made;
  }
  if (x === "relative" && !log) {
    made.incrs = RELATIVE_STEPS;
    made.values = (_, splits) => shown(splits, relativeTick);
  } else if (log) made.values = (_, splits) => shown(splits, x === "relative" ? relativeTick : logTick);
  else made.values = (_, splits, __, ___, distance) => shown(splits, (value) => tick(value, distance));
  return made;
}

function axis(looks: Looks): uPlot.Axis {
  return {
    stroke: looks.text,
    font: FONT,
    grid: { stroke: looks.grid, width: 1 },
    ticks: { stroke: looks.line, width: 1, size: 4 },
  };
}

export function options(wanted: Wanted): uPlot.Options {
  const { x, logX, logY, looks } = wanted;
  return {
    width: wanted.width,
    height: wanted.height,
    ms: 1,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: x === "time", distr: logX ? 3 : 1, range: () => wanted.xSpan() },
      y: { distr: logY ? 3 : 1, range: () => wanted.ySpan() },
    },
    axes: [xAxis(x, logX, looks), yAxis(logY, looks)],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      bind: wanted.bind,
    },
    hooks: wanted.hooks,
  };
}

/** What uPlot is given as data: the ends of what it shows. */
export function corners(x: Span, y: Span): uPlot.AlignedData {
  return [
    [x[0], x[1]],
    [y[0], y[1]],
  ];
}
