import { expect, test } from "vitest";
import { metricValue } from "@/api/run";

test("what JSON has no number for is a number again", () => {
  expect(metricValue({ value: "NaN" })).toBeNaN();
  expect(metricValue({ value: 1.7976931348623157e308 })).toBe(Number.POSITIVE_INFINITY);
  expect(metricValue({ value: "-Infinity" })).toBe(Number.NEGATIVE_INFINITY);
  expect(metricValue({ value: 0.5 })).toBe(0.5);
});
