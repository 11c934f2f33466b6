import { expect, test } from "vitest";
import { sameState } from "@/components/views/same-state";

test("states are the same whatever the order of their names", () => {
  expect(sameState({ a: [1, { b: 2 }], c: undefined }, { a: [1, { b: 2 }] })).toBe(true);
  expect(sameState({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(sameState({ a: [] }, { a: {} })).toBe(false);
  expect(sameState({ a: null }, { a: 0 })).toBe(false);
});
