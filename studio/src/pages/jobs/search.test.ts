import { expect, test } from "vitest";
import { addressOf, filterOf, shownOf } from "@/pages/jobs/search";

test("garbage in the address is a usable page", () => {
  const shown = shownOf({ state: "odd", target: ["x"], person: 7 });
  expect(shown).toEqual({ which: "all", target: "", person: "7", trials: false });
  expect(addressOf(shown)).toEqual({ person: "7" });
});

test("what is chosen is what is asked for", () => {
  expect(filterOf(shownOf({ state: "active", target: "gpu" }))).toEqual({
    active: true,
    target: "gpu",
    nested: false,
  });
  expect(filterOf(shownOf({ state: "Failed", person: "ada" }))).toEqual({
    state: "Failed",
    submitted_by: "ada",
    nested: false,
  });
  expect(filterOf(shownOf({ trials: 1 }))).toEqual({});
  expect(addressOf(shownOf({ trials: 1 }))).toEqual({ trials: 1 });
  expect(addressOf(shownOf({ state: "NotStarted" }))).toEqual({ state: "NotStarted" });
});
