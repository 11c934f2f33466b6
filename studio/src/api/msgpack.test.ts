import { encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { unpack } from "@/api/msgpack";

const long = "ü".repeat(40_000);
test.each([
  [null],
  [true],
  [[0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]],
  [[-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1]],
  [[1.5, -0.1, Number.POSITIVE_INFINITY, Number.NaN]],
  [["", "a", "b".repeat(31), "c".repeat(32), "d".repeat(300), long]],
  [{ a: { b: [{}, []] }, __proto: 1 }],
  [Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, i]))],
  [Array.from({ length: 70_000 }, (_, i) => i)],
  [{ d: new Uint8Array([1, 2, 3]), e: new Uint8Array(300), f: new Uint8Array(70_000) }],
])("what another program packed is read: %#", (value) => expect(unpack(encode(value))).toEqual(value));

test("bytes are where they lie in the answer", () => {
  const data = encode({ d: new Uint8Array([7, 8]) });
  const { d } = unpack(data) as { d: Uint8Array };
  expect(d.buffer).toBe(data.buffer);
});

test("a key that names the prototype is a key", () => {
  const data = new Uint8Array([129, 169, ...new TextEncoder().encode("__proto__"), 1]);
  const found = unpack(data) as object;
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  expect(Object.keys(found)).toEqual(["__proto__"]);
});

test("what ends too soon or is unknown is an error", () => {
  expect(() => unpack(encode("abcdef").subarray(0, 3))).toThrow(RangeError);
  expect(() => unpack(new Uint8Array([0xc1]))).toThrow(RangeError);
});
