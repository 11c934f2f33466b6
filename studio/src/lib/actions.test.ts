import { expect, test } from "vitest";
import { allows, matches } from "@/lib/actions";

test("patterns name actions as on the server", () => {
  for (const pattern of ["*", "*/*", "runs/*", "*/read", "runs/read"])
    expect(matches(pattern, "runs/read")).toBe(true);
  for (const pattern of ["", "runs", "runs/write", "*/write", "models/*", "run*/read"])
    expect(matches(pattern, "runs/read")).toBe(false);
});

test("what a role leaves out it has not", () => {
  const role = { actions: ["*/*"], not_actions: ["access/*", "runs/delete"] };
  expect(allows(role, "runs/write")).toBe(true);
  expect(allows(role, "runs/delete")).toBe(false);
  expect(allows(role, "access/read")).toBe(false);
  expect(allows({ actions: [], not_actions: [] }, "runs/read")).toBe(false);
});
