import { expect, test } from "vitest";
import { auditAddress, auditShown, since } from "@/pages/access/search";

test("any garbage in the address shows the whole log", () => {
  const all = { who: "", action: "", outcome: null, span: null };
  expect(auditShown({})).toEqual(all);
  expect(auditShown({ who: ["a"], action: { b: 1 }, outcome: "fine", span: "toString" })).toEqual(all);
});

test("what is shown is in the address, and comes back from it", () => {
  const shown = auditShown({ who: 7, action: "roles/write", outcome: "done", span: "week" });
  expect(auditAddress(shown)).toEqual({
    tab: "audit",
    who: "7",
    action: "roles/write",
    outcome: "done",
    span: "week",
  });
  expect(auditShown(auditAddress(shown))).toEqual(shown);
  expect(auditAddress(auditShown({}))).toEqual({ tab: "audit" });
});

test("a span begins at a whole minute", () => {
  expect(since(null, 0)).toBeUndefined();
  expect(since("hour", 3_600_000 + 61_000)).toBe(60_000);
});
