import { expect, test } from "vitest";
import { addressOf, searchOf, shownOf, tagFilter } from "@/pages/experiments/search";

test("any address gives something to show", () => {
  expect(shownOf({ q: 7, view: "x", order: {}, tag: null })).toEqual({
    q: "7",
    tag: "",
    view: "active",
    order: "changed",
  });
});

test("what is as usual is not in the address", () => {
  expect(addressOf({ q: "a", tag: "", view: "active", order: "name" })).toEqual({ q: "a", order: "name" });
});

test("the search names what was typed", () => {
  expect(searchOf({ q: "net", tag: "team=a b", view: "archived", order: "name" })).toEqual({
    filter: "name ILIKE '%net%' AND tags.team = 'a b' AND tags.`runyard.archived` = 'true'",
    order_by: ["name ASC"],
    view_type: "ACTIVE_ONLY",
  });
});

test("a tag without a value asks whether it is there", () => {
  expect(tagFilter("my.key")).toBe("tags.`my.key` LIKE '%'");
});

test("what every object has is no order of ours", () => {
  for (const order of ["__proto__", "constructor", "toString"])
    expect(shownOf({ order }).order).toBe("changed");
});
