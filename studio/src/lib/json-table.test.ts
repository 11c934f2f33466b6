import { expect, test } from "vitest";
import { tableOf } from "@/lib/json-table";

test("tables of MLflow and lists of records are tables", () => {
  expect(tableOf({ columns: ["a", 1], data: [[null, { x: 1 }]] })).toEqual({
    columns: ["a", "1"],
    rows: [["", '{"x":1}']],
  });
  expect(tableOf([{ a: 1 }, { b: true }])).toEqual({
    columns: ["a", "b"],
    rows: [
      ["1", ""],
      ["", "true"],
    ],
  });
});

test("other JSON is none", () => {
  for (const one of [null, 3, [], [1], {}, { columns: ["a"], data: [1] }, [{}]])
    expect(tableOf(one)).toBeNull();
});
