import { expect, test } from "vitest";
import { distance, lineOf, numeric, wantedLines } from "@/lib/compare-lines";

const NO = new Set<string>();

test("the best of a metric is what its name says, or the opposite where somebody turned it", () => {
  expect([...lineOf("metric", "val/loss", [0.3, 0.1, null, 0.1], NO).best]).toEqual([1, 3]);
  expect([...lineOf("metric", "accuracy", [0.3, 0.1, Number.NaN], NO).best]).toEqual([0]);
  expect([...lineOf("metric", "accuracy", [0.3, 0.1], new Set(["accuracy"])).best]).toEqual([1]);
});

test("what says how a run went has no best value", () => {
  for (const key of ["system/gpu_0_power", "epoch", "train/learning_rate", "grad_norm", "lr"])
    expect(lineOf("metric", key, [1, 2], NO)).toMatchObject({ better: null, differs: true });
  expect(lineOf("metric", "stepwise_accuracy", [1, 2], NO).better).toBe("max");
});

test("nothing is best where all are the same, or only one has a value", () => {
  expect(lineOf("metric", "loss", [1, 1], NO).best.size).toBe(0);
  expect(lineOf("metric", "loss", [1, null], NO).best.size).toBe(0);
  expect(lineOf("metric", "loss", [Number.NaN, Number.NaN], NO).differs).toBe(false);
  expect(lineOf("param", "depth", ["1", "2"], NO).best.size).toBe(0);
});

test("the distance is told as a number and a share", () => {
  expect(distance(1.1, 1)).toBe("+0.1 (+10%)");
  expect(distance("0.001", "0.01")).toBe("−0.009 (−90%)");
  expect(distance(5, 0)).toBe("+5");
  expect(distance(1e9, 1)).toBe("+1.000e9");
  expect(distance("adam", "sgd")).toBe("");
  expect(distance(null, 1)).toBe("");
  expect(distance(2, 2)).toBe("");
});

test("texts that are numbers count as numbers", () => {
  expect(numeric("1e-3")).toBe(0.001);
  expect(numeric(".5")).toBe(0.5);
  expect(numeric("")).toBeNull();
  expect(numeric("0x10")).toBeNull();
  expect(numeric("1e999")).toBeNull();
});

test("lines are those with a value that differ and are looked for", () => {
  const lines = [
    lineOf("param", "optimizer/name", ["adam", "sgd"], NO),
    lineOf("param", "same", ["1", "1"], NO),
    lineOf("tag", "none", [null, null], NO),
  ];
  const kinds = new Set(["param", "tag"] as const);
  expect(wantedLines(lines, { only: true, find: "", kinds }).map((one) => one.key)).toEqual([
    "optimizer/name",
  ]);
  expect(wantedLines(lines, { only: false, find: "", kinds })).toHaveLength(2);
  expect(wantedLines(lines, { only: false, find: "NAME opt", kinds })).toHaveLength(1);
  expect(wantedLines(lines, { only: false, find: "", kinds: new Set(["tag"]) })).toHaveLength(0);
});
