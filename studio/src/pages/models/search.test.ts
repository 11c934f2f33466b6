import { expect, test } from "vitest";
import { addressOf, filterOf, modelAddressOf, modelShownOf, shownOf } from "@/pages/models/search";

test("any garbage in the address shows all models", () => {
  for (const search of [{}, { q: ["a"], kind: "spell" }, { q: null, kind: 1 }])
    expect(shownOf(search)).toEqual({ q: "", kind: "model" });
  expect(addressOf(shownOf({}))).toEqual({});
});

test("prompts are asked for", () => {
  expect(filterOf(shownOf({}))).toBe("");
  expect(filterOf(shownOf({ q: 7 }))).toBe("name ILIKE '%7%'");
  expect(filterOf(shownOf({ q: "it's", kind: "prompt" }))).toBe(
    "name ILIKE \"%it's%\" AND tags.`mlflow.prompt.is_prompt` = 'true'",
  );
  expect(addressOf({ q: "a", kind: "prompt" })).toEqual({ q: "a", kind: "prompt" });
});

test("versions in the address are numbers", () => {
  expect(modelShownOf({ tab: "text", version: 3, against: "2" })).toEqual({
    tab: "text",
    version: "3",
    against: "2",
  });
  expect(modelShownOf({ tab: "magic", version: "1'; --", against: -1 })).toEqual({
    tab: "versions",
    version: null,
    against: null,
  });
  const shown = modelShownOf({ tab: "text", version: 3, against: 2 });
  expect(modelShownOf(modelAddressOf(shown))).toEqual(shown);
  expect(modelAddressOf(modelShownOf({}))).toEqual({});
});
