/** Values as bars, each with the name of its run or group. */
import classes from "@/components/charts/panels/panels.module.css";
import { Axes, area, Drawing } from "@/components/charts/panels/Svg";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";
import type { Bar } from "@/lib/chart-bars";
import { axisOf } from "@/lib/chart-scales";
import { number } from "@/lib/format";

const NAME = 120;

export function Bars({
  bars,
  width,
  height,
  name,
}: {
  bars: readonly Bar[];
  width: number;
  height: number;
  name: string;
}) {
  const pointed = usePointedRun();
  const named = bars.length <= height / 10.5;
  const at = area(width, height, { left: named ? NAME : 12, right: 46, top: 4, bottom: 20 });
  const axis = axisOf(
    {
      name,
      numbers: Float64Array.from(
        bars.flatMap((one) => [one.value - one.deviation, one.value + one.deviation]),
      ),
      categories: null,
      wide: false,
    },
    4,
    0.03,
    true,
  );
  const each = at.height / Math.max(1, bars.length);
  const thick = Math.max(1, Math.min(22, each * 0.72));
  const zero = at.x(axis.at(0));
  return (
    <Drawing
      width={width}
      height={height}
      label={`${name}: ${bars
        .map((one) => `${one.name} ${number(one.value)}`)
        .slice(0, 10)
        .join(", ")}`}
    >
      <Axes at={at} x={axis} y={{ at: () => 0, value: () => 0, ticks: [] }} xName="" yName="" />
      {bars.map((bar, i) => {
        const middle = at.y(1) + each * (i + 0.5);
        const end = at.x(axis.at(bar.value));
        const far = pointed !== null && bar.runId !== null && pointed !== bar.runId;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the same runs can be reached in the table
          <g
            key={bar.key}
            className={far ? classes.dim : undefined}
            onMouseEnter={() => pointAtRun(bar.runId)}
            onMouseLeave={() => pointAtRun(null)}
          >
            <title>{`${bar.name}: ${number(bar.value)}${bar.n > 1 ? ` ± ${number(bar.deviation)} (${bar.n} runs)` : ""}`}</title>
            <rect x={0} y={middle - each / 2} width={width} height={each} fill="transparent" />
            <rect
              x={Math.min(zero, end)}
              y={middle - thick / 2}
              width={Math.max(1, Math.abs(end - zero))}
              height={thick}
              fill={bar.color}
              rx={1.5}
            />
            {bar.deviation > 0 && (
              <line
                x1={at.x(axis.at(bar.value - bar.deviation))}
                x2={at.x(axis.at(bar.value + bar.deviation))}
                y1={middle}
                y2={middle}
                stroke="var(--mantine-color-text)"
              />
            )}
            {named && (
              <>
                <text x={NAME - 6} y={middle + 4} textAnchor="end">
                  {bar.name.length > 15 ? `${bar.name.slice(0, 14)}…` : bar.name}
                </text>
                <text x={Math.max(zero, end) + 5} y={middle + 4}>
                  {bar.deviation > 0 ? "" : number(bar.value)}
                </text>
              </>
            )}
          </g>
        );
      })}
    </Drawing>
  );
}
