import { expect, test } from "vitest";
import { better, cellId, columnOf, statOf, usualColumns, wantedOf } from "@/lib/run-columns";

test.each([
  ["a.start", { id: "a.start", kind: "attribute", key: "start" }],
  ["m.min.val/loss.x", { id: "m.min.val/loss.x", kind: "metric", stat: "min", key: "val/loss.x" }],
  ["p.a.b", { id: "p.a.b", kind: "param", key: "a.b" }],
  ["t.mlflow.user", { id: "t.mlflow.user", kind: "tag", key: "mlflow.user" }],
  ["a.nonsense", null],
  ["m.median.loss", null],
  ["m.min.", null],
  ["p.", null],
  ["", null],
])("the column %s", (id, expected) => expect(columnOf(id)).toEqual(expected));

test.each([
  ["val/loss", "min"],
  ["rmse", "min"],
  ["epoch_time_s", "min"],
  ["accuracy", "max"],
  ["mean_average_precision", "max"],
  ["timely", "max"],
])("less or more is better of %s: %s", (key, expected) => expect(better(key)).toBe(expected));

test("best is asked as the smallest or the largest, and no column twice", () => {
  const columns = ["m.best.loss", "m.min.loss", "m.best.acc", "p.lr"].map((id) => columnOf(id)!);
  const wanted = wantedOf(columns);
  expect(wanted.metrics).toEqual([
    { key: "loss", stat: "min" },
    { key: "acc", stat: "max" },
  ]);
  expect(cellId(columns[0]!)).toBe("m.min.loss");
  expect(statOf(columns[2]!)).toBe("best (max)");
});

test("params that differ come before those that do not; metrics of the machine are left out", () => {
  const ids = usualColumns(
    ["acc", "system/cpu"],
    [
      { key: "same", differs: false },
      { key: "lr", differs: true },
    ],
    true,
  );
  expect(ids).toEqual([
    "a.experiment",
    "a.status",
    "a.start",
    "a.duration",
    "m.last.acc",
    "p.lr",
    "p.same",
    "a.user",
  ]);
});
