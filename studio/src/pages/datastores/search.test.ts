import { expect, test } from "vitest";
import { addressOf, clean, lastOf, shownOf, trail, within } from "@/pages/datastores/search";

test("any garbage in the address shows something", () => {
  expect(shownOf({})).toEqual({ name: null, path: "", file: null });
  expect(shownOf({ name: ["x"], path: { a: 1 }, file: null })).toEqual({ name: null, path: "", file: null });
  expect(shownOf({ path: "a/b", file: "a/b/c" })).toEqual({ name: null, path: "", file: null });
  expect(shownOf({ name: "s", path: "/a//../b/./", file: "//" })).toEqual({
    name: "s",
    path: "a/b",
    file: null,
  });
});

test("names that look like numbers stay names", () => {
  expect(shownOf({ name: 7, path: 2026, file: true })).toEqual({ name: "7", path: "2026", file: "true" });
});

test("what is empty is not in the address", () => {
  expect(addressOf({ name: "s", path: "", file: null })).toEqual({ name: "s" });
});

test("paths are taken apart and put together", () => {
  expect(trail("a/b c/d")).toEqual([
    { text: "a", path: "a" },
    { text: "b c", path: "a/b c" },
    { text: "d", path: "a/b c/d" },
  ]);
  expect(trail("")).toEqual([]);
  expect(lastOf("a/b")).toBe("b");
  expect(lastOf("b")).toBe("b");
  expect(within("", "x")).toBe("x");
  expect(within("a", "x")).toBe("a/x");
  expect(clean("../..")).toBe("");
});
