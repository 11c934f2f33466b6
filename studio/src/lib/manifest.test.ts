import { expect, test } from "vitest";
import { entriesIn, fates } from "@/lib/manifest";

const files = ["train.py", "src/a.py", "src/deep/b.py", "src2/c.py", "README.md"].map((path) => ({
  path,
  size: 1,
}));

test("a list of paths is a tree", () => {
  expect(entriesIn(files, "").map((one) => [one.path, one.isDir])).toEqual([
    ["src", true],
    ["src2", true],
    ["README.md", false],
    ["train.py", false],
  ]);
  expect(entriesIn(files, "src").map((one) => one.path)).toEqual(["src/deep", "src/a.py"]);
  expect(entriesIn(files, "nowhere")).toEqual([]);
});

test("what became of files is told by what is in them", () => {
  const before = [
    { path: "a", sha256: "1" },
    { path: "b", sha256: "2" },
    { path: "c", sha256: "3" },
  ];
  const after = [
    { path: "b", sha256: "2" },
    { path: "c", sha256: "4" },
    { path: "d", sha256: "5" },
  ];
  expect(fates(before, after).map((one) => `${one.path} ${one.fate}`)).toEqual([
    "a removed",
    "b same",
    "c changed",
    "d added",
  ]);
});
