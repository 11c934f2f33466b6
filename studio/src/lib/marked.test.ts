import { expect, test } from "vitest";
import { ansiLine } from "@/lib/ansi";
import { marked } from "@/lib/marked";

test("matches are found across colours, and all of them", () => {
  const { pieces } = ansiLine("an \u001b[31mErr\u001b[0mor, error");
  const found = marked(pieces, "error");
  expect(found.map((one) => [one.hit, one.pieces.map((piece) => piece.text).join("")])).toEqual([
    [false, "an "],
    [true, "Error"],
    [false, ", "],
    [true, "error"],
  ]);
  expect(found[1]!.pieces[0]!.styles).toEqual(["red"]);
});

test("letters that grow in small are not marked, and nothing is lost", () => {
  const { pieces } = ansiLine("İx");
  expect(marked(pieces, "x")).toEqual([{ hit: false, pieces }]);
});
