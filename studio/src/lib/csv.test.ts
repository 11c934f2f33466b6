import { expect, test } from "vitest";
import { line } from "@/lib/csv";

test("fields are quoted where they must be, and no text becomes a formula", () => {
  expect(line(["a,b", 'say "x"', null, 1.5, "=1+1", "-3", "two\nlines"])).toBe(
    '"a,b","say ""x""",,1.5,\'=1+1,-3,"two\nlines"\r\n',
  );
});
