import { expect, test } from "vitest";
import { byNoun } from "@/pages/access/by-noun";

test("actions stand together by what they are about", () => {
  expect(byNoun({ "runs/read": "", "models/read": "", "runs/write": "" })).toEqual([
    ["runs", ["runs/read", "runs/write"]],
    ["models", ["models/read"]],
  ]);
  expect(byNoun({})).toEqual([]);
});
