import { expect, test } from "vitest";
import { numbers, texts } from "@/api/columns";

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
