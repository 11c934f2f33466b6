import { expect, test } from "vitest";
import { lineOf, wordsOf } from "@/lib/shell-words";

test("words are as a shell reads them", () => {
  expect(wordsOf("--lr 0.1  --name 'a b' --text \"it's \\\"here\\\"\" a\\ b ''")).toEqual([
    "--lr",
    "0.1",
    "--name",
    "a b",
    "--text",
    'it\'s "here"',
    "a b",
    "",
  ]);
  expect(wordsOf(" \n ")).toEqual([]);
  expect(wordsOf('"a\\nb"')).toEqual(["a\\nb"]);
  expect(wordsOf("a\\\nb\nc")).toEqual(["ab", "c"]);
});

test("what is written comes back", () => {
  for (const words of [["--lr", "0.1"], ["", "a b", "it's", '"', "\\", "$HOME", "ü", "a\nb"], []])
    expect(wordsOf(lineOf(words))).toEqual(words);
});

test("what is not closed is told", () => {
  expect(() => wordsOf("'a")).toThrow("not closed");
  expect(() => wordsOf("a\\")).toThrow("backslash");
});
