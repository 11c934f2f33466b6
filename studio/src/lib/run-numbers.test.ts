import { expect, test } from "vitest";
import { packedNumbers, unpackedNumbers } from "@/lib/run-numbers";

test("numbers of runs come back in their order", () => {
  for (const numbers of [[], [0], [7, 3, 3, 900_000, 1], [2 ** 40, 5, 2 ** 32 + 1]])
    expect(unpackedNumbers(packedNumbers(numbers))).toEqual(numbers);
});

test("a thousand runs anywhere among a million fit into an address that every proxy takes", () => {
  const numbers = Array.from({ length: 1_000 }, (_, i) => (i * 7_919_317) % 1_000_000);
  const text = packedNumbers(numbers);
  expect(text.length).toBeLessThan(6_000);
  expect(encodeURIComponent(text)).toBe(text);
  expect(unpackedNumbers(text)).toEqual(numbers);
});

test("garbage gives what could be read of it", () => {
  expect(unpackedNumbers("CC%%%")).toEqual([1, 2]);
  expect(unpackedNumbers("D")).toEqual([]);
  expect(unpackedNumbers("______________________A")).toEqual([]);
  expect(unpackedNumbers("<script>")).toEqual([]);
});
