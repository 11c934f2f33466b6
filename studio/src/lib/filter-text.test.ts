import { expect, test } from "vitest";
import { anywhere, holds, key, quoted } from "@/lib/filter-text";

test("texts are quoted by the quote that they lack", () => {
  expect(quoted("plain")).toBe("'plain'");
  expect(quoted("it's")).toBe('"it\'s"');
  expect(anywhere("a")).toBe("'%a%'");
});

test("keys that are no words stand in backticks", () => {
  expect(key("loss")).toBe("loss");
  expect(key("val/loss")).toBe("`val/loss`");
});

test("a text with both quotes is found by a pattern", () => {
  expect(holds("name", "it's")).toBe(`name = "it's"`);
  expect(holds("name", 'a "b"')).toBe(`name = 'a "b"'`);
  expect(holds("name", `it's "b"`)).toBe(`name LIKE 'it_s "b"'`);
});
