import { expect, test } from "vitest";
import type { RunKey } from "@/api/run-keys";
import { firstOf } from "@/lib/chart-first";

const keys: RunKey[] = [
  { kind: "metric", key: "system/cpu" },
  { kind: "metric", key: "acc" },
  { kind: "metric", key: "loss" },
  { kind: "param", key: "lr" },
  { kind: "param", key: "depth" },
  { kind: "tag", key: "mlflow.user" },
  { kind: "tag", key: "team" },
];

test("a new chart shows one's own metrics and params", () => {
  expect(firstOf("line", keys)).toEqual(["m:acc", "m:loss"]);
  expect(firstOf("bar", keys)).toEqual(["m:acc"]);
  expect(firstOf("box", keys)).toEqual(["m:acc", "p:lr"]);
  expect(firstOf("scatter", keys)).toEqual(["m:acc", "m:loss"]);
  expect(firstOf("contour", keys)).toEqual(["p:lr", "p:depth", "m:acc"]);
  expect(firstOf("parallel", keys)).toEqual(["p:lr", "p:depth", "m:acc"]);
  expect(firstOf("images", keys)).toEqual([]);
});

test("what is not there is not chosen", () => {
  const few: RunKey[] = [
    { kind: "metric", key: "loss" },
    { kind: "param", key: "lr" },
  ];
  expect(firstOf("scatter", few)).toEqual(["p:lr", "m:loss"]);
  expect(firstOf("contour", few)).toEqual([]);
  expect(firstOf("parallel", few)).toEqual(["p:lr", "m:loss"]);
  for (const kind of ["line", "bar", "box", "scatter", "contour", "parallel"] as const)
    expect(firstOf(kind, [])).toEqual([]);
});
