import { expect, test } from "vitest";
import { anywhere, key, quoted } from "@/lib/filter-text";

test("texts are quoted by the quote that they lack", () => {
  expect(quoted("plain")).toBe("'plain'");
  expect(quoted("it's")).toBe('"it\'s"');
  expect(anywhere("a")).toBe("'%a%'");
});

test("keys that are no words stand in backticks", () => {
  expect(key("loss")).toBe("loss");
  expect(key("val/loss")).toBe("`val/loss`");
});
