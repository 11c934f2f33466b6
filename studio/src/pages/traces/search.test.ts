import { expect, test } from "vitest";
import { addressOf, filterOf, shownOf } from "@/pages/traces/search";

test("garbage in the address is a usable page", () => {
  const shown = shownOf({ experiment: "x' OR 1", state: "odd", q: ["a"], trace: 3 });
  expect(shown).toEqual({ experiment: "", q: "", state: "all", trace: "3" });
  expect(addressOf(shown)).toEqual({ trace: "3" });
});

test("what is looked for is a filter", () => {
  expect(filterOf(shownOf({ q: "it's", state: "ERROR" }))).toBe(
    `trace.text ILIKE "%it's%" AND status = 'ERROR'`,
  );
  expect(filterOf(shownOf({}))).toBe("");
});
