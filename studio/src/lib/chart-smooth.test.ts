import { describe, expect, it } from "vitest";
import type { Series } from "@/lib/chart-data";
import { ema, gaussian } from "@/lib/chart-smooth";
import { points } from "@/lib/chart-testing";

const wave = (n: number) => Array.from({ length: n }, (_, i) => Math.sin(i / 20) + (i % 2 ? 0.5 : -0.5));

describe.each([
  ["ema", ema],
  ["gaussian", gaussian],
])("%s", (_, smooth) => {
  it("leaves a constant as it is, from the first point on", () => {
    for (const value of smooth(points([4, 4, 4, 4]), 0.9, 3)) expect(value).toBeCloseTo(4, 12);
  });

  it("does nothing without strength", () => {
    const values = wave(50);
    smooth(points(values), 0, 49).forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 9);
    });
  });

  it("calms noise", () => {
    const values = wave(1000);
    const rough = (list: ArrayLike<number>) =>
      Array.from(list).reduce((sum, one, i) => (i ? sum + Math.abs(one - list[i - 1]!) : 0), 0);
    expect(rough(smooth(points(values), 0.9, 999))).toBeLessThan(rough(values) / 5);
  });

  it("passes over NaN and infinite values and leaves them what they are", () => {
    const made = smooth(points([1, Number.NaN, 1, Number.POSITIVE_INFINITY, 1]), 0.5, 4);
    expect(Number.isNaN(made[1])).toBe(true);
    expect(made[3]).toBe(Number.POSITIVE_INFINITY);
    expect(made[4]).toBeCloseTo(1, 12);
  });

  it("stands still for points at one place", () => {
    expect(smooth(points([1, 3], [5, 5]), 0.9, 0).every(Number.isFinite)).toBe(true);
  });
});

describe("ema", () => {
  it("fades with the distance in x, not with the number of points", () => {
    const near = ema(points([0, 1], [0, 1]), 0.9, 1000)[1]!;
    const far = ema(points([0, 1], [0, 100]), 0.9, 1000)[1]!;
    expect(far).toBeGreaterThan(near);
    expect(far).toBeGreaterThan(0.95);
  });

  it("weighs buckets by their points", () => {
    const buckets: Series = { ...points([0, 10]), exact: false, count: Uint32Array.of(1, 999) };
    expect(ema(buckets, 0.999, 1000)[1]).toBeGreaterThan(9.9);
  });
});
