import { expect, test } from "vitest";
import { numbers, texts, values } from "@/api/columns";

test("numbers are read wherever they lie in the answer", () => {
  const bytes = new Uint8Array(8 * 2 + 3);
  bytes.set(new Uint8Array(new Float64Array([1.5, Number.NaN]).buffer), 3);
  expect(Array.from(numbers({ t: "f8", d: bytes.subarray(3) }))).toEqual([1.5, Number.NaN]);
});

test("repeated texts come as places in a list, absent ones as null", () => {
  const places = new Uint8Array(new Uint32Array([1, 0, 0xffffffff]).buffer);
  expect(texts({ t: "dict", v: ["a", "b"], d: places })).toEqual(["b", "a", null]);
  expect(texts(["x", null])).toEqual(["x", null]);
});

test("where NaN is a value, a bit for each row says whether there is one", () => {
  const d = new Uint8Array(new Float64Array([1, Number.NaN, Number.NaN]).buffer);
  expect(values({ t: "f8", d, n: new Uint8Array([0b100]) })).toEqual([1, Number.NaN, null]);
  expect(values({ t: "f8", d })).toEqual([1, null, null]);
});
