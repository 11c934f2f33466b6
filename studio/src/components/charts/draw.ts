/** Lines on a canvas. */
import type { Line } from "@/lib/chart-data";
import { corners, marks, type Scale, strokes } from "@/lib/chart-paths";
import { abgr, faint, raster, rasterLine } from "@/lib/chart-raster";

/** From so many buckets on lines are drawn pixel by pixel: at rest, and while one moves what is seen. */
export const MANY = { rest: 25_000, move: 6_000 };
const FAINT = 0.28;
const WIDTH = 1.5;
const DOTS_FROM = 14;

/** Draws lines into a context whose unit is a CSS pixel; scales begin at the corner of the plot. */
export function drawLines(ctx: CanvasRenderingContext2D, lines: readonly Line[], x: Scale, y: Scale): void {
  for (const line of lines) if (line.band) drawBand(ctx, line, x, y);
  for (const line of lines) drawLine(ctx, line, x, y, WIDTH);
  for (const line of lines) drawMarks(ctx, line, x, y);
}

/** Draws one line; with its spread, and faint behind its smoothed one. */
export function drawLine(ctx: CanvasRenderingContext2D, line: Line, x: Scale, y: Scale, width: number): void {
  const { series, smooth } = line;
  ctx.strokeStyle = line.color;
  ctx.lineJoin = "round";
  ctx.setLineDash([]);
  if (!series.exact && !line.band) {
    ctx.globalAlpha = FAINT + (smooth ? 0 : 0.14);
    ctx.lineWidth = 1;
    strokeSpread(ctx, strokes(series, x, y));
  }
  if (smooth) {
    ctx.globalAlpha = FAINT;
    ctx.lineWidth = 1;
    strokeCorners(ctx, corners(series, series.last, x, y));
  }
  ctx.globalAlpha = 1;
  ctx.lineWidth = width;
  ctx.setLineDash(line.dash as number[]);
  const path = corners(series, smooth ?? series.last, x, y);
  strokeCorners(ctx, path);
  ctx.setLineDash([]);
  dots(ctx, line.color, path, Math.abs(x.size), width);
}

function strokeSpread(ctx: CanvasRenderingContext2D, found: Float64Array): void {
  ctx.beginPath();
  for (let i = 0; i < found.length; i += 3) {
    ctx.moveTo(found[i]! + 0.5, found[i + 1]!);
    ctx.lineTo(found[i]! + 0.5, found[i + 2]! + 0.5);
  }
  ctx.stroke();
}

function strokeCorners(ctx: CanvasRenderingContext2D, path: Float64Array): void {
  ctx.beginPath();
  let open = false;
  for (let i = 0; i < path.length; i += 2) {
    const px = path[i]!;
    if (Number.isNaN(px)) open = false;
    else if (open) ctx.lineTo(px, path[i + 1]!);
    else {
      ctx.moveTo(px, path[i + 1]!);
      open = true;
    }
  }
  ctx.stroke();
}

/** Points that stand alone, and all of them where they are few, are seen as dots. */
function dots(
  ctx: CanvasRenderingContext2D,
  color: string,
  path: Float64Array,
  width: number,
  size: number,
): void {
  const few = path.length / 2 < width / DOTS_FROM;
  ctx.fillStyle = color;
  ctx.beginPath();
  for (let i = 0; i < path.length; i += 2) {
    const px = path[i]!;
    if (Number.isNaN(px)) continue;
    const alone = (i === 0 || Number.isNaN(path[i - 2]!)) && !(path[i + 2]! >= 0 || path[i + 2]! < 0);
    if (!few && !alone) continue;
    const radius = alone ? size + 1.2 : size + 0.5;
    ctx.moveTo(px + radius, path[i + 1]!);
    ctx.arc(px, path[i + 1]!, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

function drawBand(ctx: CanvasRenderingContext2D, line: Line, x: Scale, y: Scale): void {
  const low = corners(line.series, line.series.min, x, y);
  const high = corners(line.series, line.series.max, x, y);
  ctx.fillStyle = line.color;
  ctx.globalAlpha = 0.16;
  ctx.beginPath();
  let first = true;
  for (let i = 0; i < high.length; i += 2) {
    if (Number.isNaN(high[i]!)) continue;
    if (first) ctx.moveTo(high[i]!, high[i + 1]!);
    else ctx.lineTo(high[i]!, high[i + 1]!);
    first = false;
  }
  for (let i = low.length - 2; i >= 0; i -= 2) if (!Number.isNaN(low[i]!)) ctx.lineTo(low[i]!, low[i + 1]!);
  ctx.closePath();
  ctx.fill();
  ctx.globalAlpha = 1;
}

const ARM = 3;

/** Values that are no numbers: a cross at the foot for NaN, arrows at the top and the foot for the infinite. */
function drawMarks(ctx: CanvasRenderingContext2D, line: Line, x: Scale, y: Scale): void {
  const found = marks(line.series, x);
  if (found.length === 0) return;
  const foot = y.from - 5;
  const top = y.from + y.size + 5;
  ctx.strokeStyle = line.color;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const { x: px, what } of found) {
    if (what === "NaN") {
      ctx.moveTo(px - ARM, foot - ARM);
      ctx.lineTo(px + ARM, foot + ARM);
      ctx.moveTo(px + ARM, foot - ARM);
      ctx.lineTo(px - ARM, foot + ARM);
    } else {
      const tip = what === "∞" ? top - ARM : foot + ARM;
      const tail = what === "∞" ? top + ARM : foot - ARM;
      ctx.moveTo(px - ARM, tail);
      ctx.lineTo(px, tip);
      ctx.lineTo(px + ARM, tail);
    }
  }
  ctx.stroke();
}

/** As `drawLines`, for very many points: one pixel is one CSS pixel, lines have no smooth edges. */
export function drawMany(
  ctx: CanvasRenderingContext2D,
  lines: readonly Line[],
  x: Scale,
  y: Scale,
  width: number,
  height: number,
): void {
  const picture = raster(width, height);
  for (const { series, smooth, color } of lines)
    if (smooth) rasterLine(picture, series, series.last, faint(abgr(color)), x, y, !series.exact);
  for (const { series, smooth, color } of lines)
    rasterLine(picture, series, smooth ?? series.last, abgr(color), x, y, !series.exact && !smooth);
  const data = new ImageData(new Uint8ClampedArray(picture.pixels.buffer as ArrayBuffer), width, height);
  const still = new OffscreenCanvas(width, height);
  still.getContext("2d")?.putImageData(data, 0, 0);
  ctx.drawImage(still, 0, 0, width, height);
  for (const line of lines) drawMarks(ctx, line, x, y);
}
