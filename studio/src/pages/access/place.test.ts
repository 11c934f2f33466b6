import { expect, test } from "vitest";
import { isAbove, place } from "@/pages/access/place";

test.each([
  ["/", "the whole server"],
  ["/subscriptions/default", "subscription default"],
  ["/subscriptions/s/resourceGroups/g/workspaces/team%20a", "workspace team a"],
  ["/subscriptions/s/resourceGroups/g/workspaces/w/experiments/7", "experiment 7"],
])("the scope %s reads %s", (scope, text) => expect(place(scope)).toBe(text));

test("what is given above is inherited", () => {
  const here = "/subscriptions/a/resourceGroups/b/workspaces/c";
  expect(isAbove("/", here)).toBe(true);
  expect(isAbove("/subscriptions/a", here)).toBe(true);
  expect(isAbove(here, here)).toBe(false);
  expect(isAbove(`${here}/experiments/1`, here)).toBe(false);
  expect(isAbove("/subscriptions/a/resourceGroups/b/workspaces", here)).toBe(true);
  expect(isAbove("/subscriptions/a/resourceGroups/bb", here)).toBe(false);
  expect(isAbove("/", "/")).toBe(false);
});
