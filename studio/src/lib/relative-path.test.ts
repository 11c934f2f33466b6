import { expect, test } from "vitest";
import { below } from "@/lib/relative-path";

test("addresses lead to files beside, and not out of them", () => {
  expect(below("docs", "../plots/a%20b.png")).toBe("plots/a b.png");
  expect(below("", "./a.png?x#y")).toBe("a.png");
  for (const one of [
    "https://x.org/a.png",
    "//x.org/a.png",
    "/api/v1/me",
    "javascript:a",
    "../../a",
    "%E0%A4%A",
    "#x",
  ])
    expect(below("docs", one)).toBeNull();
});
