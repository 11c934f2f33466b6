import { expect, test } from "vitest";
import { ansiLine, plain } from "@/lib/ansi";

test("colours are names, and last until they are taken back", () => {
  const { pieces, state } = ansiLine("a\u001b[1;31mred\u001b[0m b\u001b[92mgreen");
  expect(pieces).toEqual([
    { text: "a", styles: [] },
    { text: "red", styles: ["red", "bold"] },
    { text: " b", styles: [] },
    { text: "green", styles: ["brightGreen"] },
  ]);
  expect(ansiLine("still", state).pieces).toEqual([{ text: "still", styles: ["brightGreen"] }]);
  expect(ansiLine("\u001b[38;5;4mx\u001b[38;2;1;2;3my").pieces.map((one) => one.styles)).toEqual([
    ["blue"],
    ["blue"],
  ]);
});

test("what moves, titles or rings is left out; progress bars show how they ended", () => {
  expect(plain("\u001b]0;title\u0007a\u001b[2Kb\u0007")).toBe("ab");
  expect(plain(" 10%\r 50%\r100%\r")).toBe("100%");
  expect(plain("\u001b[")).toBe("[");
});

test("a line of nothing but returns takes no longer than another", () => {
  const returns = "\r".repeat(300_000);
  expect(plain(`${returns}x`)).toBe("x");
  expect(plain(`x${returns}`)).toBe("x");
  expect(plain(returns)).toBe("");
}, 2_000);
