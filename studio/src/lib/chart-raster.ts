/** Very many lines, pixel by pixel: far cheaper than strokes, and no spike is lost. Pure. */
import type { Series } from "@/lib/chart-data";
import { place, type Scale, within } from "@/lib/chart-paths";

/** A picture: pixels as ImageData has them, by rows, little-endian ABGR. */
export interface Raster {
  width: number;
  height: number;
  pixels: Uint32Array;
}

export function raster(width: number, height: number): Raster {
  return { width, height, pixels: new Uint32Array(width * height) };
}

/** `#rrggbb` → ABGR without transparency. */
export function abgr(color: string): number {
  const value = Number.parseInt(color.slice(1), 16) || 0;
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >>> 16)) >>> 0;
}

/** The colour for what is only seen behind other lines. */
export const faint = (color: number): number => ((color & 0x00ffffff) | 0x48000000) >>> 0;

const rows = { low: new Int32Array(0), high: new Int32Array(0) };

/**
 * Draws one line over what is there; where lines cross, their colours mix, and faint ones lie behind all others.
 *
 * `values`: one per bucket; `spread`: the least and greatest value of each bucket are filled, too. Scales in pixels of
 * the picture, y downwards.
 */
export function rasterLine(
  into: Raster,
  series: Series,
  values: Float64Array,
  color: number,
  x: Scale,
  y: Scale,
  spread: boolean,
): void {
  const { width, height } = into;
  if (rows.low.length < width) {
    rows.low = new Int32Array(width);
    rows.high = new Int32Array(width);
  }
  const { low, high } = rows;
  low.fill(height, 0, width);
  high.fill(-1, 0, width);
  const see = (column: number, a: number, b: number) => {
    const top = Math.min(a, b);
    const bottom = Math.max(a, b);
    if (bottom < 0 || top >= height) return;
    if (top < low[column]!) low[column] = top < 0 ? 0 : top | 0;
    if (bottom > high[column]!) high[column] = bottom >= height ? height - 1 : bottom | 0;
  };
  const [from, to] = within(series, x.span);
  let beforeX = Number.NaN;
  let beforeY = Number.NaN;
  for (let i = from; i < to; i++) {
    const px = place(x, (series.x[i]! + series.xLast[i]!) / 2);
    const py = place(y, values[i]!);
    if (!(py > Number.NEGATIVE_INFINITY && py < Number.POSITIVE_INFINITY) || Number.isNaN(px)) {
      beforeX = Number.NaN;
      continue;
    }
    if (px >= 0 && px < width) {
      see(px | 0, py, py);
      if (spread && series.min[i] !== series.max[i]) {
        const top = place(y, series.max[i]!);
        const bottom = place(y, series.min[i]!);
        see(px | 0, Number.isFinite(top) ? top : py, Number.isFinite(bottom) ? bottom : py);
      }
    }
    if (!Number.isNaN(beforeX)) join(beforeX, beforeY, px, py, width, see);
    beforeX = px;
    beforeY = py;
  }
  fill(into, low, high, color);
}

function join(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  width: number,
  see: (column: number, a: number, b: number) => void,
): void {
  const first = Math.max(0, Math.floor(x0));
  const last = Math.min(width - 1, Math.floor(x1));
  if (first === last && x0 >= 0) {
    see(first, y0, y1);
    return;
  }
  const slope = (y1 - y0) / (x1 - x0);
  for (let column = first; column <= last; column++) {
    const a = column <= x0 ? y0 : y0 + (column - x0) * slope;
    const b = column + 1 >= x1 ? y1 : y0 + (column + 1 - x0) * slope;
    see(column, a, b);
  }
}

function fill(into: Raster, low: Int32Array, high: Int32Array, color: number): void {
  const { width, pixels } = into;
  const half = (color >>> 1) & 0x7f7f7f;
  const faint = color >>> 24 < 0xff;
  for (let column = 0; column < width; column++) {
    const end = high[column]!;
    let at = low[column]! * width + column;
    for (let row = low[column]!; row <= end; row++, at += width) {
      const under = pixels[at]!;
      if (under >>> 24 < 0xff) pixels[at] = color;
      else if (!faint) pixels[at] = (0xff000000 | (((under >>> 1) & 0x7f7f7f) + half)) >>> 0;
    }
  }
}
