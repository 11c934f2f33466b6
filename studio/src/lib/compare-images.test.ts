import { expect, test } from "vitest";
import { stepsOf } from "@/lib/compare-images";

const series = (steps: number[]) => steps.map((step) => ({ path: "", key: "", step, ms: 0 }));

test("steps of all runs, each once, in order", () => {
  expect(stepsOf([series([5, 1]), undefined, series([1, 3])], 10)).toEqual([1, 3, 5]);
});

test("of many steps some, with the first and the last", () => {
  const many = stepsOf([series(Array.from({ length: 1_000 }, (_, i) => i))], 5);
  expect(many).toEqual([0, 250, 500, 749, 999]);
});
