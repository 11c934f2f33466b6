import { expect, test } from "vitest";
import { lengthOf, spanRows, spansOf } from "@/lib/spans";

const OTLP = [
  {
    span_id: "b",
    parent_span_id: "a",
    name: "search",
    start_time_unix_nano: 1_000_020_000_000,
    end_time_unix_nano: 1_000_050_000_000,
    attributes: [
      { key: "mlflow.spanType", value: { string_value: "RETRIEVER" } },
      {
        key: "mlflow.spanOutputs",
        value: {
          array_value: { values: [{ kvlist_value: { values: [{ key: "n", value: { int_value: "3" } }] } }] },
        },
      },
      { key: "top", value: { double_value: 0.5 } },
    ],
    status: { code: "STATUS_CODE_ERROR", message: "gone" },
  },
  {
    span_id: "a",
    name: "answer",
    start_time_unix_nano: 1_000_000_000_000,
    end_time_unix_nano: 1_000_100_000_000,
    attributes: [],
  },
];

test("spans of OTLP", () => {
  const spans = spansOf(OTLP);
  expect(spans[0]).toMatchObject({
    kind: "RETRIEVER",
    startMs: 20,
    durationMs: 30,
    failed: true,
    message: "gone",
    outputs: [{ n: 3 }],
    attributes: [["top", 0.5]],
  });
  expect(spanRows(spans, new Set()).map((one) => [one.span.id, one.depth, one.children])).toEqual([
    ["a", 0, 1],
    ["b", 1, 0],
  ]);
  expect(spanRows(spans, new Set(["a"]))).toHaveLength(1);
  expect(lengthOf(spans)).toBe(100);
});

test("spans of clients of MLflow 2", () => {
  const [span] = spansOf([
    {
      name: "x",
      context: { span_id: "0x1" },
      parent_id: null,
      start_time: 5_000_000,
      end_time: null,
      status_code: "OK",
      attributes: { "mlflow.spanType": '"LLM"', "mlflow.spanInputs": '{"q": 1}', plain: "text" },
    },
  ]);
  expect(span).toMatchObject({
    id: "0x1",
    parent: null,
    kind: "LLM",
    durationMs: null,
    failed: false,
    inputs: { q: 1 },
  });
});

test("spans that call one another in a circle, or nobody, come to an end", () => {
  const made = spansOf([
    { span_id: "a", parent_span_id: "b", name: "" },
    { span_id: "b", parent_span_id: "a", name: "" },
    { span_id: "c", parent_span_id: "lost", name: "" },
  ]);
  expect(spanRows(made, new Set()).map((one) => one.span.id)).toContain("c");
  expect(spansOf([])).toEqual([]);
});
