import { describe, expect, it } from "vitest";
import { AT_FIRST, type ChartsState, chartsParam, chartsState, freshId, movedPanel } from "@/lib/chart-state";

const FULL: ChartsState = {
  x: "metric:epoch",
  logX: true,
  smooth: 0.9,
  how: "gauss",
  zoom: [-3, 1e9],
  find: "loss",
  pinned: ["val/loss", "<img src=x onerror=alert(1)>"],
  turned: ["system"],
  size: "l",
  calm: true,
  single: true,
  each: { "val/loss": { log: true, y: [0, null], wide: 2, high: 400, table: true } },
  panels: [{ id: "p1", kind: "scatter", of: ["p:lr", "min:val/loss", ""] }],
};

describe("chartsState", () => {
  it("reads back what chartsParam wrote", () => {
    expect(chartsState(JSON.parse(JSON.stringify(chartsParam(FULL))))).toEqual(FULL);
  });

  it("needs nothing in the address for what is as it is at first", () => {
    expect(chartsParam(AT_FIRST)).toBeUndefined();
    expect(chartsState(undefined)).toEqual(AT_FIRST);
  });

  it.each([
    null,
    7,
    "x",
    [],
    [1],
    { x: "metric:" },
    { x: 4, z: [5, 1], s: "much", p: "a", e: [1], n: "line", t: 3 },
    { z: ["a", "b"], n: [null, {}, { k: "pie" }], e: { a: null, b: { h: "x", y: [null, null] } } },
  ])("makes a usable page of %j", (garbage) => {
    expect(chartsState(garbage)).toEqual(AT_FIRST);
  });

  it("bounds what is too much", () => {
    const state = chartsState({
      s: 7,
      p: Array.from({ length: 5000 }, (_, i) => `m${i}`),
      e: { a: { h: 1e9, w: 99 } },
      n: Array.from({ length: 500 }, () => ({ k: "bar" })),
    });
    expect(state.smooth).toBe(0.999);
    expect(state.pinned).toHaveLength(100);
    expect(state.each.a).toEqual({ high: 900, wide: 4 });
    expect(state.panels).toHaveLength(40);
  });

  it("takes one of two panels with the same id", () => {
    expect(
      chartsState({
        n: [
          { i: "a", k: "bar" },
          { i: "a", k: "box" },
        ],
      }).panels,
    ).toHaveLength(1);
  });

  it("leaves out what no panel is made of", () => {
    expect(chartsState({ n: [{ k: "bar", o: ["x:1", 3, "m:loss"] }] }).panels[0]?.of).toEqual([
      "",
      "",
      "m:loss",
    ]);
  });
});

describe("panels", () => {
  const panels = ["p1", "p2", "p3"].map((id) => ({ id, kind: "bar" as const, of: [] }));

  it("finds an id that is free", () => {
    expect(freshId(panels)).toBe("p4");
    expect(freshId([{ id: "p2", kind: "bar", of: [] }])).toBe("p3");
  });

  it("moves one, and not beyond the ends", () => {
    expect(movedPanel(panels, "p3", -1).map((one) => one.id)).toEqual(["p1", "p3", "p2"]);
    expect(movedPanel(panels, "p1", -1).map((one) => one.id)).toEqual(["p1", "p2", "p3"]);
    expect(movedPanel(panels, "gone", 1)).toHaveLength(3);
  });
});
