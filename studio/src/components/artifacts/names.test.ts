import { expect, test } from "vitest";
import { shownName } from "@/components/artifacts/names";

test("logged pictures are called by key and step", () => {
  expect(shownName("images/a#b%step%1200%timestamp%17%id.png")).toBe("a/b, step 1,200");
  expect(shownName("plots/loss.png")).toBe("loss.png");
});

test("marks that turn text around are seen", () => {
  expect(shownName("a/\u202egnp.exe")).toBe("\ufffdgnp.exe");
});
