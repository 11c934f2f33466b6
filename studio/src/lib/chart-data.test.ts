import { describe, expect, it } from "vitest";
import { countsOf, lowerBound, merged, nearest, readings, type Series, xSpan, ySpan } from "@/lib/chart-data";
import { line, points } from "@/lib/chart-testing";

const buckets: Series = {
  ...points([1, 2, 3]),
  exact: false,
  stored: 300,
  inRange: 300,
  x: Float64Array.of(0, 100, 200),
  xLast: Float64Array.of(90, 190, 290),
  min: Float64Array.of(-5, 2, 3),
  max: Float64Array.of(1, 900, 3),
};

describe("nearest", () => {
  it.each([
    [-50, 0],
    [0, 0],
    [85, 0],
    [94, 0],
    [97, 1],
    [150, 1],
    [1e9, 2],
  ])("finds the bucket at %d", (x, place) => {
    expect(nearest(buckets, x)).toBe(place);
  });

  it("finds nothing where there is nothing", () => {
    expect(nearest(points([]), 4)).toBe(-1);
  });
});

describe("spans", () => {
  it("reach from the first to the last place, and over the extremes of buckets", () => {
    expect(xSpan([line(buckets), line(points([1], [400]))])).toEqual([0, 400]);
    const [low, high] = ySpan([line(buckets)], [0, 300], false, false);
    expect(low).toBeLessThan(-5);
    expect(high).toBeGreaterThan(900);
  });

  it("take only what is in the part that is seen", () => {
    expect(ySpan([line(buckets)], [200, 300], false, false)[1]).toBeLessThan(4);
  });

  it("pass over NaN, infinite and, on a logarithmic axis, negative values", () => {
    const odd = line(points([Number.NaN, Number.POSITIVE_INFINITY, -1, 10, 1000]));
    const [low, high] = ySpan([odd], [0, 9], true, false);
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(10);
    expect(high).toBeGreaterThan(1000);
    expect(high).toBeLessThan(3000);
  });

  it("leave the farthest values out of a calm axis", () => {
    const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    values[500] = 1e9;
    expect(ySpan([line(points(values))], [0, 1000], false, true)[1]).toBeLessThan(2);
  });

  it("have a width where all values are the same, and where there are none", () => {
    for (const values of [[], [5], [0, 0], [Number.NaN]]) {
      const [low, high] = ySpan([line(points(values))], [0, 9], false, false);
      expect(low).toBeLessThan(high);
    }
    expect(xSpan([])).toBeNull();
  });

  it("begin above zero on a logarithmic x axis", () => {
    expect(xSpan([line(points([1, 1, 1], [-1, 0, 5]))], true)).toEqual([4.75, 5.25]);
  });
});

describe("readings", () => {
  const lines = [
    line(points([1, 2, 3]), { key: "a" }),
    line(points([9, 8, 7]), { key: "b" }),
    line(points([Number.NaN, Number.NaN, Number.NaN]), { key: "c" }),
    line(points([5], [0]), { key: "ended" }),
  ];

  it("are sorted by value, NaN last, without lines that ended before", () => {
    expect(readings(lines, 2, 0.5).map((one) => [one.line.key, one.value])).toEqual([
      ["b", 7],
      ["a", 3],
      ["c", Number.NaN],
    ]);
  });

  it("say what is drawn: the smoothed value", () => {
    const smooth = line(points([1, 2]), { smooth: Float64Array.of(1, 1.5) });
    expect(readings([smooth], 1, 0.1)[0]?.value).toBe(1.5);
  });
});

it("lowerBound finds the first place that is not below", () => {
  expect(lowerBound(Float64Array.of(1, 1, 2), 1)).toBe(0);
  expect(lowerBound(Float64Array.of(1, 1, 2), 3)).toBe(3);
});

it("countsOf adds up", () => {
  expect(countsOf([line(buckets), line(points([1, 2]))])).toEqual({
    lines: 2,
    drawn: 5,
    inRange: 302,
    stored: 302,
    exact: false,
  });
});

it("merged takes the newer series, in the order of the runs, and drops runs that are gone", () => {
  const of = (runId: string, value: number) => ({ ...points([value]), runId });
  const made = merged([of("a", 1), of("b", 1), of("gone", 1)], [of("c", 2), of("a", 2)], ["c", "b", "a"]);
  expect(made.map((one) => [one.runId, one.last[0]])).toEqual([
    ["c", 2],
    ["b", 1],
    ["a", 2],
  ]);
});
