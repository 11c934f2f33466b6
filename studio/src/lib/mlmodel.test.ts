import { expect, test } from "vitest";
import { loadSnippet, parseMlmodel } from "@/lib/mlmodel";

const TEXT = `artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
  sklearn:
    code: null
    pickled_model: model.pkl
mlflow_version: 3.14.0
run_id: 0123
signature:
  inputs: '[{"type": "double", "name": "it''s", "required": true}, {"type":
    "long", "name": "n", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1,
    3]}}]'
  params: null
utc_time_created: '2026-11-01 10:00:00.000000'
`;

test("flavors, signature and facts of a model", () => {
  const about = parseMlmodel(TEXT);
  expect(about.flavors).toEqual(["python_function", "sklearn"]);
  expect(about.inputs).toEqual([
    { name: "it's", type: "double", required: true },
    { name: "n", type: "long", required: false },
  ]);
  expect(about.outputs).toEqual([{ name: "(1)", type: "float32 (-1, 3)", required: true }]);
  expect(about.params).toEqual([]);
  expect(about.facts).toContainEqual(["Made (UTC)", "2026-11-01 10:00:00.000000"]);
});

test("any other text is a model of which nothing is known", () => {
  expect(parseMlmodel("- a\n- b: '\n\tx")).toMatchObject({ flavors: [], inputs: [] });
});

test("what loads it, by what it is", () => {
  expect(loadSnippet("runs:/1/model", ["python_function", "sklearn"])).toContain(
    'mlflow.sklearn.load_model("runs:/1/model")',
  );
  expect(loadSnippet('x"y', [])).toContain('mlflow.pyfunc.load_model("x\\"y")');
});
