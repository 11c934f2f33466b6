import { expect, test } from "vitest";
import { sameNames, steps } from "@/lib/same-files";

const file = (path: string, size: number | null = 1) => ({ path, isDir: false, size });

test("a name is told once, with the size in each run that has it", () => {
  const found = sameNames([
    [file("b10.txt", 3), file("b9.txt")],
    undefined,
    [{ path: "z", isDir: true, size: null }, file("b10.txt", 5)],
  ]);
  expect(found.map((one) => one.path)).toEqual(["z", "b9.txt", "b10.txt"]);
  expect(found[2]).toMatchObject({ sizes: [3, undefined, 5], having: 2 });
  expect(found[0]?.sizes).toEqual([undefined, undefined, null]);
});

test("a file and a directory of one name stay apart", () => {
  expect(sameNames([[file("x")], [{ path: "x", isDir: true, size: null }]])).toHaveLength(2);
});

test("directories above", () => {
  expect(steps("a/b/c")).toEqual(["a", "a/b", "a/b/c"]);
  expect(steps("")).toEqual([]);
});
