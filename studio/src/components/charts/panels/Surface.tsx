/** A coloured surface and its lines of equal height, behind the runs that it is made of. */
import { useEffect, useMemo, useState } from "react";
import type { Area } from "@/components/charts/panels/Svg";
import { field, isoline } from "@/lib/chart-contour";
import { heatRgb, type ValueAxis } from "@/lib/chart-scales";
import type { Column } from "@/lib/chart-values";

const SIZE = 48;
const LEVELS = 7;

export function Surface({
  at,
  x,
  y,
  z,
  axes: [xAxis, yAxis, zAxis],
}: {
  at: Area;
  x: Column;
  y: Column;
  z: Column;
  axes: [ValueAxis, ValueAxis, ValueAxis];
}) {
  const made = useMemo(() => {
    const spots = Array.from(x.numbers, (value, i) => ({
      x: xAxis.at(value),
      y: yAxis.at(y.numbers[i]!),
      z: zAxis.at(z.numbers[i]!),
    }));
    return field(spots, SIZE);
  }, [x, y, z, xAxis, yAxis, zAxis]);
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    if (!made) return setPicture(null);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIZE;
    const data = new ImageData(SIZE, SIZE);
    made.values.forEach((value, i) => {
      const row = SIZE - 1 - Math.floor(i / SIZE);
      data.data.set([...heatRgb(value), 255], (row * SIZE + (i % SIZE)) * 4);
    });
    canvas.getContext("2d")?.putImageData(data, 0, 0);
    setPicture(canvas.toDataURL());
  }, [made]);
  const lines = useMemo(() => {
    if (!made || made.high === made.low) return "";
    const parts: string[] = [];
    for (let i = 1; i <= LEVELS; i++) {
      const level = made.low + ((made.high - made.low) * i) / (LEVELS + 1);
      for (const [x0, y0, x1, y1] of isoline(made, level))
        parts.push(
          `M${at.x(x0).toFixed(1)},${at.y(y0).toFixed(1)}L${at.x(x1).toFixed(1)},${at.y(y1).toFixed(1)}`,
        );
    }
    return parts.join("");
  }, [made, at.x, at.y]);
  if (!picture) return null;
  return (
    <g aria-hidden>
      <image
        href={picture}
        x={at.x(0)}
        y={at.y(1)}
        width={at.width}
        height={at.height}
        preserveAspectRatio="none"
        opacity={0.8}
      />
      <path d={lines} fill="none" stroke="#ffffff" strokeOpacity={0.55} />
    </g>
  );
}
