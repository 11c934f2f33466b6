import { expect, test } from "vitest";
import { commitLink } from "@/lib/git-link";

const COMMIT = "9f2c1e7ab4d05c83b6f1a2749e6d0c58b3a7e1f4";

test("commits are found at the hosts of https and ssh addresses", () => {
  const there = `https://git.example.org/team/vision/commit/${COMMIT}`;
  expect(commitLink("https://git.example.org/team/vision.git", COMMIT)).toBe(there);
  expect(commitLink("https://user:secret@git.example.org/team/vision", COMMIT)).toBe(there);
  expect(commitLink("git@git.example.org:team/vision.git", COMMIT)).toBe(there);
});

test("what is no repository leads nowhere", () => {
  expect(commitLink("javascript:alert(1)//a/b", COMMIT)).toBeNull();
  expect(commitLink("/home/me/code", COMMIT)).toBeNull();
  expect(commitLink("https://git.example.org/a", "HEAD")).toBeNull();
});
