import { expect, test } from "vitest";
import { addressOf, searchOf, tabsOf } from "@/pages/run/search";

test("garbage in the address is a usable page", () => {
  expect(searchOf({ tab: ["x"], path: { a: 1 }, log: null, trace: true })).toEqual({
    tab: "overview",
    path: "",
    model: "",
    log: "",
    trace: "",
  });
  expect(searchOf({ tab: "logs", log: 7 }).log).toBe("7");
  expect(searchOf({ path: "//a/b/" }).path).toBe("a/b");
});

test("what is as at first is left out, params of charts stay", () => {
  expect(addressOf({ c: "x", tab: "charts" }, { tab: "overview" })).toEqual({ c: "x" });
  expect(addressOf({}, { tab: "artifacts", path: "a" })).toEqual({ tab: "artifacts", path: "a" });
});

test("only sweeps have trials", () => {
  expect(tabsOf(null)).not.toContain("trials");
  expect(tabsOf({ kind: "script" })).not.toContain("trials");
  expect(tabsOf({ kind: "sweep" })[1]).toBe("trials");
});
