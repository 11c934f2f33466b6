import { expect, test } from "vitest";
import { durableUri, ways } from "@/lib/connecting";

test.each([
  ["http://127.0.0.1:5000", "runyard://127.0.0.1:5000/workspaces/a%20b"],
  ["https://127.0.0.1:5000", "runyard://127.0.0.1:5000/workspaces/a%20b?tls=on"],
  ["https://runs.example", "runyard://runs.example/workspaces/a%20b"],
  ["http://runs.example:8080", "runyard://runs.example:8080/workspaces/a%20b?tls=off"],
])("the durable address below %s is %s", (server, expected) =>
  expect(durableUri(server, "a b")).toBe(expected),
);

test("a name with a quote stays one word in the shell", () => {
  expect(ways("http://h", "it's")[2]!.text).toContain("-w 'it'\\''s'");
});
