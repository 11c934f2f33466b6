import { expect, test } from "vitest";
import { ago, bytes, count, duration, number } from "@/lib/format";

test.each([
  [0.123456789, "0.12346"],
  [1e-7, "1.000e−7"],
  [-12345, "−12,345"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "−∞"],
  [3.5e12, "3.500e12"],
  [null, ""],
])("the number %s reads %s", (value, text) => expect(number(value)).toBe(text));

test.each([
  [9_999, "9,999"],
  [1_234_567, "1.23M"],
  [123_456, "123k"],
])("the count %s reads %s", (value, text) => expect(count(value)).toBe(text));

test.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [5 * 1024 ** 3, "5 GiB"],
])("%s bytes read %s", (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [431, "431 ms"],
  [12_400, "12 s"],
  [185_000, "3 min 5 s"],
  [3_599_700, "1 h 0 min"],
  [7_860_000, "2 h 11 min"],
  [356_400_000, "4 d 3 h"],
])("%s ms read %s", (value, text) => expect(duration(value)).toBe(text));

test("what was a moment ago is just now", () => {
  expect(ago(1_000_000, 1_010_000)).toBe("just now");
  expect(ago(0, 3 * 3_600_000)).toBe("3 h ago");
});
