import { expect, test } from "vitest";
import { endingOf, folderOf, isLog, kindOf, languageOf, nameOf } from "@/lib/file-kind";

test("the ending tells how a file is shown", () => {
  expect(kindOf("plots/a.b/Loss.PNG")).toBe("image");
  expect(kindOf("model/MLmodel")).toBe("text");
  expect(kindOf("a.parquet")).toBe("parquet");
  expect(kindOf("weights.safetensors")).toBe("unknown");
  expect(kindOf("code/changes.patch")).toBe("diff");
  expect(kindOf("v1.5/blob")).toBe("unknown");
});

test("names, folders and languages", () => {
  expect([nameOf("a/b.c"), folderOf("a/b.c"), folderOf("b.c"), endingOf("x")]).toEqual(["b.c", "a", "", ""]);
  expect(languageOf("a/train.py")).toBe("python");
  expect(languageOf("MLmodel")).toBe("yaml");
  expect(languageOf("notes.txt")).toBeNull();
});

test("logs are found by their place or their name", () => {
  expect(["logs/stdout.txt", "a/worker.log", "stderr.txt", "user_logs/std_log.txt"].map(isLog)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["notes.txt", "logs/plot.png", "catalog/x.txt"].map(isLog)).toEqual([false, false, false]);
});
