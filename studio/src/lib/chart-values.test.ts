import { describe, expect, it } from "vitest";
import { barsOf, spread } from "@/lib/chart-bars";
import { boxOf, quantile } from "@/lib/chart-box";
import { field, isoline } from "@/lib/chart-contour";
import { differenceRow, wantedRows } from "@/lib/chart-difference";
import { imageAt, imageSeries, loggedImage } from "@/lib/chart-images";
import { passes, placesOf } from "@/lib/chart-parallel";
import { axisOf, heat, roundTicks } from "@/lib/chart-scales";
import { grouped, numberColumn, refName, refOf, textColumn, textOf } from "@/lib/chart-values";

describe("columns", () => {
  it("take texts that are all numbers for numbers", () => {
    expect(textColumn("lr", ["1e-4", "0.1", null]).categories).toBeNull();
    expect(textColumn("lr", ["1e-4", "auto"]).categories).toEqual(["1e-4", "auto"]);
    expect(textColumn("lr", ["", "1"]).categories).toEqual(["", "1"]);
  });

  it("know values that are far apart and above zero", () => {
    expect(numberColumn("lr", [1e-5, 0.1]).wide).toBe(true);
    expect(numberColumn("lr", [0, 0.1]).wide).toBe(false);
  });

  it("are read by what was asked for", () => {
    expect(refOf("min:val:loss")).toEqual({ kind: "min", key: "val:loss" });
    expect(refOf("loss")).toBeNull();
    expect(refName("max:acc")).toBe("acc (max)");
  });

  it("come in groups; many numbers in ranges", () => {
    const names = textColumn("opt", ["sgd", null, "adam", "sgd"]);
    expect(grouped(names, 10, String)).toEqual([
      { name: "adam", rows: [2] },
      { name: "sgd", rows: [0, 3] },
    ]);
    const many = numberColumn(
      "lr",
      Array.from({ length: 100 }, (_, i) => i),
    );
    const ranges = grouped(many, 4, String);
    expect(ranges.map((one) => one.name)).toEqual(["0 … 24", "25 … 49", "50 … 74", "75 … 99"]);
  });

  it("say what a run has", () => {
    expect(textOf(textColumn("o", ["a", null]), 1, String)).toBe("–");
    expect(textOf(textColumn("o", ["a", null]), 0, String)).toBe("a");
  });
});

describe("axes", () => {
  it("place numbers, texts and what is far apart between 0 and 1", () => {
    expect(axisOf(numberColumn("a", [0, 10]), 5, 0).at(5)).toBeCloseTo(0.5);
    expect(axisOf(numberColumn("a", [1e-4, 1]), 5, 0).at(1e-2)).toBeCloseTo(0.5);
    expect(axisOf(textColumn("a", ["x", "y"])).at(0)).toBe(0.25);
    for (const values of [[], [null], [3], [Number.NaN, Number.POSITIVE_INFINITY]])
      expect(axisOf(numberColumn("a", values)).at(3)).not.toBeNaN();
  });

  it("have round ticks", () => {
    expect(roundTicks(0, 10, 5).values).toEqual([0, 2, 4, 6, 8, 10]);
    expect(axisOf(numberColumn("a", [0, 1]), 4, 0).ticks.map((one) => one.text)).toEqual([
      "0",
      "0.25",
      "0.50",
      "0.75",
      "1.00",
    ]);
  });

  it("begin at zero for bars", () => {
    expect(axisOf(numberColumn("a", [5, 10]), 5, 0.04, true).at(0)).toBe(0);
  });

  it("colour what has no value grey", () => {
    expect(heat(Number.NaN)).toBe("#868e96");
    expect(heat(0)).not.toBe(heat(1));
  });
});

describe("bars and boxes", () => {
  const runs = ["a", "b", "c"].map((id) => ({ runId: id, name: id, color: "#000000" }));

  it("are sorted, without runs that have no value", () => {
    expect(barsOf(numberColumn("v", [1, null, 3]), undefined, runs, String).map((one) => one.name)).toEqual([
      "c",
      "a",
    ]);
  });

  it("show mean and deviation of groups", () => {
    const [bar] = barsOf(numberColumn("v", [1, 3, 8]), textColumn("g", ["x", "x", null]), runs, String);
    expect(bar).toMatchObject({ name: "x", value: 2, n: 2 });
    expect(bar?.deviation).toBeCloseTo(Math.SQRT2);
    expect(spread([4])).toEqual({ mean: 4, deviation: 0 });
  });

  it("have quartiles, whiskers and what lies beyond", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    const box = boxOf([1, 2, 3, 4, 5, 100, Number.NaN]);
    expect(box).toMatchObject({ n: 6, median: 3.5, low: 1, high: 5, far: [100] });
    expect(boxOf([Number.NaN])).toBeNull();
  });
});

describe("contour", () => {
  const made = field(
    [
      { x: 0, y: 0, z: 0 },
      { x: 1, y: 0, z: 0 },
      { x: 0, y: 1, z: 1 },
      { x: 1, y: 1, z: 1 },
      { x: Number.NaN, y: 0, z: 9 },
    ],
    20,
  )!;

  it("stays between the values of its points", () => {
    expect(made.low).toBeGreaterThanOrEqual(0);
    expect(made.high).toBeLessThanOrEqual(1);
    expect(field([], 10)).toBeNull();
  });

  it("has a line of equal height across the middle", () => {
    const pieces = isoline(made, 0.5);
    expect(pieces.length).toBeGreaterThanOrEqual(19);
    for (const [, y0, , y1] of pieces) {
      expect(y0).toBeCloseTo(0.5, 1);
      expect(y1).toBeCloseTo(0.5, 1);
    }
  });
});

describe("parallel axes", () => {
  const columns = [numberColumn("a", [0, 1]), numberColumn("b", [1, null])];
  const axes = columns.map((one) => axisOf(one));

  it("leave out runs that lack a value", () => {
    expect(placesOf(columns, axes, 0)).toHaveLength(2);
    expect(placesOf(columns, axes, 1)).toBeNull();
  });

  it("keep the runs that pass", () => {
    expect(passes([0.2, 0.9], [[0, 0.5], null])).toBe(true);
    expect(passes([0.2, 0.9], [[0.5, 1]])).toBe(false);
  });
});

describe("images", () => {
  it.each([
    ["images/sample%step%3%timestamp%1700%abc.png", { key: "sample", step: 3, ms: 1700 }],
    ["images/a#b+step+-1+timestamp+5+x-y.webp", { key: "a/b", step: -1, ms: 5 }],
  ])("are known by their names: %s", (path, known) => {
    expect(loggedImage(path)).toMatchObject(known);
  });

  it.each([
    "images/cat.png",
    "images/a%step%x%timestamp%1%u.png",
    "images/a%step%1%timestamp%1%u%compressed.webp",
  ])("passes over %s", (path) => {
    expect(loggedImage(path)).toBeNull();
  });

  it("come in series by step; the newest of one step counts", () => {
    const found = imageSeries([
      "k%step%5%timestamp%1%a.png",
      "k%step%1%timestamp%1%b.png",
      "k%step%5%timestamp%9%c.png",
    ]);
    const series = found.get("k")!;
    expect(series.map((one) => [one.step, one.ms])).toEqual([
      [1, 1],
      [5, 9],
    ]);
    expect(imageAt(series, 4)?.step).toBe(1);
    expect(imageAt(series, 0)?.step).toBe(1);
    expect(imageAt([], 0)).toBeUndefined();
  });
});

describe("differences", () => {
  it("are rows in which some cell is another one", () => {
    const rows = [
      differenceRow("param", "lr", ["1", "2"]),
      differenceRow("param", "same", ["1", "1"]),
      differenceRow("metric", "nan", [Number.NaN, Number.NaN]),
      differenceRow("metric", "some", [null, 1]),
      differenceRow("metric", "none", [null, null]),
    ];
    expect(wantedRows(rows, true).map((one) => one.key)).toEqual(["lr", "some"]);
    expect(wantedRows(rows, false).map((one) => one.key)).toEqual(["lr", "same", "nan", "some"]);
  });
});
