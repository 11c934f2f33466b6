import { describe, expect, it } from "vitest";
import { finder, sectionOf, sections } from "@/lib/chart-sections";

describe("sections", () => {
  it("puts metrics together by the first part of their names, system metrics last", () => {
    const made = sections(["val/loss", "system/cpu", "loss", "val/acc", "train/loss", "/odd"], "", []);
    expect(made).toEqual([
      { name: "Metrics", metrics: ["/odd", "loss"] },
      { name: "train", metrics: ["train/loss"] },
      { name: "val", metrics: ["val/acc", "val/loss"] },
      { name: "system", metrics: ["system/cpu"] },
    ]);
  });

  it("shows pinned metrics first, in the order in which they were pinned, and those that are gone not at all", () => {
    expect(sections(["a", "b", "c"], "", ["c", "gone", "a"])[0]).toEqual({
      name: "Pinned",
      metrics: ["c", "a"],
    });
  });

  it("orders numbers in names as numbers", () => {
    expect(sections(["l10", "l9", "l1"], "", [])[0]?.metrics).toEqual(["l1", "l9", "l10"]);
  });

  it("knows a section of a name", () => {
    expect(sectionOf("a/b/c")).toBe("a");
    expect(sectionOf("")).toBe("Metrics");
  });
});

describe("finder", () => {
  it.each([
    ["", "anything", true],
    ["LOSS val", "val/Loss", true],
    ["loss acc", "val/loss", false],
    ["/^val.*s$/", "val/loss", true],
    ["/^loss/", "val/loss", false],
    ["/(/", "a(b", false],
    ["a(", "a(b", true],
  ])("%s finds %s: %s", (find, metric, found) => {
    expect(finder(find)(metric)).toBe(found);
  });
});
