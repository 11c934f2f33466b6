import { describe, expect, it } from "vitest";
import type { Series } from "@/lib/chart-data";
import { corners, marks, place, type Scale, strokes, valueAt } from "@/lib/chart-paths";
import { abgr, raster, rasterLine } from "@/lib/chart-raster";
import { points } from "@/lib/chart-testing";

const x = (low: number, high: number, size = 100): Scale => ({
  span: [low, high],
  log: false,
  from: 0,
  size,
});
const y = (low: number, high: number, size = 50): Scale => ({
  span: [low, high],
  log: false,
  from: size,
  size: -size,
});

describe("scales", () => {
  it("go from values to pixels and back", () => {
    for (const scale of [x(-2, 8), y(-2, 8), { span: [0.01, 100], log: true, from: 50, size: -50 } as Scale])
      for (const value of [0.02, 1, 5]) expect(valueAt(scale, place(scale, value))).toBeCloseTo(value, 9);
    expect(place({ span: [1, 100], log: true, from: 0, size: 100 }, 10)).toBeCloseTo(50, 9);
    expect(place({ span: [1, 100], log: true, from: 0, size: 100 }, 0)).toBeNaN();
  });
});

describe("corners", () => {
  it("break at NaN and infinite values", () => {
    const series = points([1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3]);
    const path = corners(series, series.last, x(0, 4), y(0, 4));
    expect(Array.from(path).filter(Number.isNaN)).toHaveLength(4);
  });

  it("keep the one spike among a million points", () => {
    const values = new Float64Array(1_000_000).fill(1);
    values[654_321] = 1_000;
    const series = points(Array.from(values));
    const path = corners(series, series.last, x(0, 999_999), y(0, 1_000));
    expect(path.length).toBeLessThan(1_000);
    expect(Math.min(...Array.from(path).filter((_, i) => i % 2 === 1))).toBeCloseTo(0, 9);
  });

  it("go on to one point beyond each end of what is seen", () => {
    const series = points([0, 1, 2, 3, 4, 5, 6]);
    expect(corners(series, series.last, x(2.5, 3.5), y(0, 6)).length / 2).toBe(3);
  });
});

describe("strokes and marks", () => {
  const buckets: Series = {
    ...points([1, 1, 1]),
    exact: false,
    min: Float64Array.of(1, 0, 1),
    max: Float64Array.of(1, 50, Number.POSITIVE_INFINITY),
    nans: Uint32Array.of(3, 0, 0),
  };

  it("reach from the least to the greatest value", () => {
    expect(Array.from(strokes(buckets, x(0, 2), y(0, 50)))).toEqual([50, 0, 50]);
  });

  it("say where values are no numbers", () => {
    expect(marks(buckets, x(0, 2)).map((one) => one.what)).toEqual(["NaN", "∞"]);
    const odd = points([Number.NaN, Number.NEGATIVE_INFINITY]);
    expect(marks(odd, x(0, 2)).map((one) => one.what)).toEqual(["NaN", "−∞"]);
  });
});

describe("raster", () => {
  const lit = (picture: { pixels: Uint32Array; width: number }) =>
    Array.from(picture.pixels, (pixel, i) => [pixel, i] as const)
      .filter(([pixel]) => pixel !== 0)
      .map(([, i]) => [i % picture.width, Math.floor(i / picture.width)]);

  it("draws a line in every column between its points", () => {
    const picture = raster(100, 50);
    const series = points([0, 50], [0, 100]);
    rasterLine(picture, series, series.last, abgr("#ff0000"), x(0, 100), y(0, 50), false);
    expect(new Set(lit(picture).map(([column]) => column)).size).toBe(100);
    expect(picture.pixels[49 * 100]).toBe(0xff0000ff);
  });

  it("keeps a spike that lies between two pixels", () => {
    const values = new Array(10_000).fill(25);
    values[3_333] = 50;
    const series = points(values);
    const picture = raster(100, 50);
    rasterLine(picture, series, series.last, abgr("#00ff00"), x(0, 9_999), y(0, 50), false);
    expect(lit(picture).some(([column, row]) => column === 33 && row === 0)).toBe(true);
  });

  it("fills buckets from their least to their greatest value", () => {
    const series = { ...points([10]), exact: false, min: Float64Array.of(0), max: Float64Array.of(40) };
    const picture = raster(100, 50);
    rasterLine(picture, series, series.last, abgr("#0000ff"), x(-1, 1), y(0, 50), true);
    expect(lit(picture)).toHaveLength(40);
  });

  it("draws nothing outside of the picture, and survives what is no number", () => {
    const series = points([1e30, -1e30, Number.NaN, 5, Number.NEGATIVE_INFINITY]);
    const picture = raster(100, 50);
    rasterLine(picture, series, series.last, abgr("#0000ff"), x(1, 3), y(0, 10), true);
    expect(picture.pixels).toHaveLength(5_000);
  });

  it("mixes colours where lines cross", () => {
    const picture = raster(10, 10);
    const flat = points([5, 5], [0, 10]);
    rasterLine(picture, flat, flat.last, abgr("#ff0000"), x(0, 10, 10), y(0, 10, 10), false);
    rasterLine(picture, flat, flat.last, abgr("#0000ff"), x(0, 10, 10), y(0, 10, 10), false);
    expect(picture.pixels[5 * 10 + 3]).toBe(0xff7f007f);
  });
});
