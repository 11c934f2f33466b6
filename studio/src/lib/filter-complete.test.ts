import { expect, test } from "vitest";
import {
  accept,
  placeAt,
  suggestAnd,
  suggestNames,
  suggestOperators,
  suggestValues,
} from "@/lib/filter-complete";

const at = (text: string) => {
  const place = placeAt(text, text.length);
  return [place.expects, place.typed, place.name];
};

test.each([
  ["", ["name", "", ""]],
  ["met", ["name", "met", ""]],
  ["metrics.`val/lo", ["name", "metrics.`val/lo", ""]],
  ["metrics.loss ", ["operator", "", "metrics.loss"]],
  ["metrics.loss <", ["value", "", "metrics.loss"]],
  ["params.model li", ["operator", "li", "params.model"]],
  ["params.model = 're", ["value", "'re", "params.model"]],
  ["params.model = 'resnet'", ["and", "", "params.model"]],
  ["params.`a b` IS NOT NULL ", ["and", "", "params.`a b`"]],
  ["metrics.loss < 0.5 a", ["and", "a", "metrics.loss"]],
  ["metrics.loss < 0.5 AND ta", ["name", "ta", "metrics.loss"]],
  ["attributes.run_id IN ('a', 'b') AND ", ["name", "", "attributes.run_id"]],
])("after %s", (text, expected) => expect(at(text)).toEqual(expected));

test("names are found by any part of them, and quoted where the grammar needs it", () => {
  const keys = [
    { kind: "metric" as const, key: "val/loss" },
    { kind: "metric" as const, key: "loss" },
    { kind: "param" as const, key: "lr" },
  ];
  expect(suggestNames("loss", keys).map((one) => one.insert)).toEqual([
    "metrics.loss ",
    "metrics.`val/loss` ",
  ]);
  expect(suggestNames("param", keys).map((one) => one.text)).toEqual(["params.lr"]);
});

test("operators fit what is compared", () => {
  expect(suggestOperators("", "metrics.loss").map((one) => one.text)).toEqual([
    "=",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
  ]);
  expect(suggestOperators("is", "tags.team").map((one) => one.text)).toEqual(["IS NULL", "IS NOT NULL"]);
  expect(suggestOperators("", "attributes.status").map((one) => one.text)).toEqual(["=", "!="]);
});

test("values are quoted by the quote that they lack", () => {
  expect(suggestValues("'r", "params.model", ["resnet", "it's"], 0).map((one) => one.insert)).toEqual([
    "'resnet' ",
  ]);
  expect(suggestValues("", "params.model", ["it's"], 0)[0]?.insert).toBe('"it\'s" ');
  expect(suggestValues("'fa", "status", [], 0).map((one) => one.text)).toEqual(["FAILED"]);
});

test("what is accepted takes the place of what was typed", () => {
  const text = "metrics.lo < 3";
  const place = placeAt(text, 10);
  expect(accept(text, 10, place, { text: "", insert: "metrics.loss ", hint: "" })).toEqual({
    text: "metrics.loss < 3",
    caret: 13,
  });
  expect(suggestAnd("a")).toHaveLength(1);
  expect(suggestAnd("x")).toHaveLength(0);
});
