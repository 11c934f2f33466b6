import { expect, test } from "vitest";
import { parseDiff } from "@/lib/diff";

const TEXT = `diff --git a/train.py b/train.py
index 1..2 100644
--- a/train.py
+++ b/train.py
@@ -10,3 +10,3 @@ def train():
 same
--- old
+++ new
 end
diff --git a/x.png b/x.png
Binary files differ
`;

test("lines of a diff have their numbers, also those that look like heads", () => {
  const [train, image] = parseDiff(TEXT);
  expect(train).toMatchObject({ name: "train.py", added: 1, removed: 1 });
  expect(train!.lines.map((one) => [one.kind, one.before, one.after, one.text])).toEqual([
    ["hunk", null, null, "@@ -10,3 +10,3 @@ def train():"],
    ["same", 10, 10, "same"],
    ["removed", 11, null, "-- old"],
    ["added", null, 11, "++ new"],
    ["same", 12, 12, "end"],
  ]);
  expect(image).toMatchObject({ name: "x.png", lines: [{ kind: "note" }] });
});

test("a diff without git's heads, and text that is none", () => {
  expect(parseDiff("--- a.txt\t2026\n+++ b.txt\n@@ -1 +1 @@\n-a\n+b")[0]).toMatchObject({
    name: "b.txt",
    added: 1,
  });
  expect(parseDiff("hello")).toEqual([]);
});

test("a hunk that is shorter than it says does not swallow the next file", () => {
  const files = parseDiff(
    "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-c\n+d",
  );
  expect(files.map((one) => [one.name, one.added, one.removed])).toEqual([
    ["x", 1, 1],
    ["y", 1, 1],
  ]);
});
