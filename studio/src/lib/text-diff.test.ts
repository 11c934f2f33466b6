import { expect, test } from "vitest";
import { diffLines, folded } from "@/lib/text-diff";

const short = (before: string, after: string) =>
  diffLines(before, after)
    .map((one) => `${{ same: " ", removed: "-", added: "+" }[one.kind]}${one.text}`)
    .join("\n");

test("a changed line is one removed and one added", () => {
  expect(short("a\nb\nc\n", "a\nx\nc\n")).toBe(" a\n-b\n+x\n c");
});

test("lines put in and taken out keep the others", () => {
  expect(short("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc")).toBe("-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c");
});

test("what is left and right can be put together again", () => {
  let seed = 7;
  const any = (most: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % most;
  };
  for (let round = 0; round < 200; round++) {
    const before = Array.from({ length: any(30) }, () => String(any(4)));
    const after = Array.from({ length: any(30) }, () => String(any(4)));
    const lines = diffLines(before.join("\n"), after.join("\n"));
    expect(lines.filter((one) => one.left !== null).map((one) => one.text)).toEqual(before);
    expect(lines.filter((one) => one.right !== null).map((one) => one.text)).toEqual(after);
    const numbers = lines.flatMap((one) => one.left ?? []);
    expect(numbers).toEqual(before.map((_, i) => i + 1));
  }
});

test("texts that have nothing in common are told in bounded time", () => {
  const before = Array.from({ length: 20_000 }, (_, i) => `a${i}`).join("\n");
  const after = Array.from({ length: 20_000 }, (_, i) => `b${i}`).join("\n");
  const lines = diffLines(before, after);
  expect(lines).toHaveLength(40_000);
});

test("what is far from changes is folded", () => {
  const many = Array.from({ length: 50 }, (_, i) => String(i));
  const lines = diffLines(many.join("\n"), many.with(25, "x").join("\n"));
  expect(folded(lines, 2).map((one) => (typeof one === "number" ? one : one.text))).toEqual([
    23,
    "23",
    "24",
    "25",
    "x",
    "26",
    "27",
    22,
  ]);
});
