import { expect, test } from "vitest";
import { comparing } from "@/lib/run-numbers";
import { MOST_RUNS, readSearch, writeSearch } from "@/pages/compare/search";

const runs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    runId: i.toString(16).padStart(32, "a"),
    handle: 80_000 - 7 * i,
  }));

test("few runs stand in an address by their ids, many by their numbers, in their order", () => {
  const few = runs(3);
  expect(readSearch(comparing(few)).runs).toEqual(few.map((one) => one.runId));
  const many = runs(1_000);
  const address = comparing(many);
  expect(readSearch(address).numbers).toEqual(many.map((one) => one.handle));
  expect(JSON.stringify(address).length).toBeLessThan(4_000);
});

test("ids may come as one text", () => {
  expect(readSearch({ runs: "a1, b2,,a1" }).runs).toEqual(["a1", "b2"]);
});

test("what is usual does not stand in the address, what is not comes back", () => {
  const usual = readSearch({ runs: ["a", "b"] });
  expect(Object.entries(writeSearch(usual)).filter(([, value]) => value !== undefined)).toEqual([
    ["runs", ["a", "b"]],
  ]);
  const other = {
    ...usual,
    tab: "artifacts" as const,
    numbers: [4, 2],
    only: false,
    find: "7",
    without: ["tag" as const],
    base: "b",
    sort: "-metric.loss",
    turned: ["loss"],
    path: "x/y",
    file: "x/y/z.txt",
    image: "masks",
    over: true,
  };
  expect(readSearch(writeSearch(other))).toEqual(other);
});

test("garbage gives a usable page", () => {
  const found = readSearch({
    tab: 7,
    runs: [{}, null, "../x", "ok", "<b>"],
    n: { a: 1 },
    all: "yes",
    f: [1],
    without: ["sky"],
    base: {},
    turn: 3,
    over: "1",
  });
  expect(found).toMatchObject({ tab: "differences", runs: ["ok"], numbers: [], only: true, find: "" });
  expect(readSearch({ runs: Array.from({ length: 3_000 }, (_, i) => `r${i}`) }).runs).toHaveLength(MOST_RUNS);
});
