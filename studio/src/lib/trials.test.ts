import { expect, test } from "vitest";
import { chartsState } from "@/lib/chart-state";
import { firstOrder, parameterNames, rangeText, sortedTrials, trialCharts } from "@/lib/trials";

const trials = [
  { run_id: "a", parameters: { lr: 0.1, kind: "b10" }, metric: 2 },
  { run_id: "b", parameters: { lr: 0.01, kind: "b9" }, metric: null },
  { run_id: "c", parameters: { lr: 1, extra: true }, metric: 1 },
];
const ids = (all: readonly { run_id: string }[]) => all.map((one) => one.run_id).join("");

test("the best trial comes first, one without a value last", () => {
  expect(ids(sortedTrials(trials, firstOrder("minimize")))).toBe("cab");
  expect(ids(sortedTrials(trials, firstOrder("MAXIMIZE")))).toBe("acb");
});

test("trials are sorted by what one chooses", () => {
  expect(ids(sortedTrials(trials, { by: "p.lr", down: false }))).toBe("bac");
  expect(ids(sortedTrials(trials, { by: "p.kind", down: false }))).toBe("bac");
  expect(ids(sortedTrials(trials, { by: "started", down: true }))).toBe("cba");
});

test("parameters are those of the space and those that trials have", () => {
  expect(parameterNames({ kind: {}, lr: {} }, trials)).toEqual(["kind", "lr", "extra"]);
});

test("a range is told in a line", () => {
  expect(rangeText({ kind: "choice", options: [1, 2, "a"], flag: "--x" })).toBe("choice: 1, 2, a");
  expect(rangeText({ kind: "uniform", low: 0.1, high: 1 })).toBe("uniform: low 0.1, high 1");
});

test("charts of trials are parallel coordinates that the page of charts reads", () => {
  const [panel] = chartsState(trialCharts(["lr", "kind"], "loss")).panels;
  expect(panel).toEqual({ id: "p1", kind: "parallel", of: ["p:lr", "p:kind", "m:loss"] });
});
