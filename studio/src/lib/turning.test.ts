import { expect, test } from "vitest";
import { untwisted } from "@/lib/turning";

test("characters that turn the direction are told by their number", () => {
  expect(untwisted("a\u202egnp.exe \u2066b\u2069")).toBe("a[U+202E]gnp.exe [U+2066]b[U+2069]");
});

test("right-to-left text itself stays as it is", () => {
  expect(untwisted("שלום 3 \u200f")).toBe("שלום 3 \u200f");
});
