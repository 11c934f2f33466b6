import { expect, test } from "vitest";
import { snippet } from "@/pages/models/snippet";

test("models and prompts are loaded by alias or number", () => {
  expect(snippet("m", { name: "champion", alias: true }, false)).toContain(
    'load_model("models:/m@champion")',
  );
  expect(snippet("m", { name: "3", alias: false }, false)).toContain('load_model("models:/m/3")');
  expect(snippet("p", { name: "3", alias: false }, true)).toContain('load_prompt("prompts:/p/3")');
});

test("names with quotes stay one text", () => {
  expect(snippet('a"b', { name: "1", alias: false }, false)).toContain('"models:/a\\"b/1"');
});
