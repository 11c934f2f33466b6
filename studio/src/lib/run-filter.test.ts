import { expect, test } from "vitest";
import { columnOf } from "@/lib/run-columns";
import { asFilter, ofStatus, orderBy, quickFilters, since, sortOf } from "@/lib/run-filter";

test("words look for names, comparisons are left as they are", () => {
  expect(asFilter(" resnet ")).toBe("attributes.run_name ILIKE '%resnet%'");
  expect(asFilter("metrics.loss < 1")).toBe("metrics.loss < 1");
  expect(asFilter("params.x IS NULL")).toBe("params.x IS NULL");
  expect(asFilter("f".repeat(32))).toBe(`attributes.run_id = '${"f".repeat(32)}'`);
});

test("several states are what is not one of the others: the grammar has no OR", () => {
  expect(ofStatus(["FAILED"])).toBe("attributes.status = 'FAILED'");
  expect(ofStatus(["FAILED", "KILLED"])).toBe(
    "attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED' AND attributes.status != 'FINISHED'",
  );
});

test("the last day starts at the same moment for a while", () => {
  expect(since("24h", 1_800_000_000_000)).toBe(since("24h", 1_800_000_000_001));
  expect(since(null, 0)).toBe("");
});

test("what cannot be sorted by is no order", () => {
  expect(sortOf("-a.duration")).toBeNull();
  expect(orderBy([sortOf("-m.best.loss")!, sortOf("p.lr")!])).toEqual([
    "metrics.`loss`.min DESC",
    "params.`lr` ASC",
  ]);
});

test("a cell offers comparisons with its value", () => {
  expect(quickFilters(columnOf("p.model")!, "resnet-18").map((one) => one.term)).toEqual([
    "params.`model` = 'resnet-18'",
    "params.`model` != 'resnet-18'",
    "params.`model` LIKE 'resnet%'",
  ]);
  expect(quickFilters(columnOf("m.last.loss")!, 0.5)[0]?.term).toBe("metrics.`loss` >= 0.5");
  expect(quickFilters(columnOf("m.last.loss")!, Number.NaN)).toEqual([]);
  expect(quickFilters(columnOf("p.x")!, null)[0]?.term).toBe("params.`x` IS NULL");
  expect(quickFilters(columnOf("p.x")!, `${"v".repeat(299)}…`)[0]?.term).toMatch(/LIKE 'v{200}%'/);
});
