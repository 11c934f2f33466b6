import { expect, test } from "vitest";
import { localPath } from "@/lib/local-path";

test.each([
  ["/workspaces/a?x=1", "/workspaces/a?x=1"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
  ["javascript:alert(1)", "/"],
  ["/\nx", "/"],
  ["/login", "/"],
  ["/login?next=%2Fworkspaces%2Fa", "/"],
  ["/login/oidc", "/"],
  ["/login-notes", "/login-notes"],
  [undefined, "/"],
])("%s leads to %s", (text, expected) => expect(localPath(text)).toBe(expected));
