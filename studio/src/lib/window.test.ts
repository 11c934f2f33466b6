import { expect, test } from "vitest";
import { columnsInSight, moved, rowsInSight, startsOf } from "@/lib/window";

test("rows in sight, with some around them, never beyond the ends", () => {
  expect(rowsInSight(0, 100, 10, 1000, 5)).toEqual({ first: 0, end: 15 });
  expect(rowsInSight(500, 100, 10, 1000, 5)).toEqual({ first: 45, end: 65 });
  expect(rowsInSight(500, 100, 10, 20, 5)).toEqual({ first: 20, end: 20 });
});

test("columns that overlap a part", () => {
  const starts = startsOf([100, 50, 200]);
  expect(starts).toEqual([0, 100, 150, 350]);
  expect(columnsInSight(starts, 0, 100)).toEqual({ first: 0, end: 1 });
  expect(columnsInSight(starts, 120, 160)).toEqual({ first: 1, end: 3 });
  expect(columnsInSight(starts, 900, 1000)).toEqual({ first: 3, end: 3 });
});

test("one thing is moved to before another", () => {
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b", "c"], 0, 3)).toEqual(["b", "c", "a"]);
  expect(moved(["a"], 5, 0)).toEqual(["a"]);
});
