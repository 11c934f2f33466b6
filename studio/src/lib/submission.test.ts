import { expect, test } from "vitest";
import { definitionOf, likelyCommand, needed, pathBelow } from "@/lib/submission";

test("a script of Python is the environment's, another program the machine's", () => {
  expect(definitionOf(["python", "src/train.py", "--lr", "0.1"], "")).toEqual({
    script: "src/train.py",
    arguments: ["--lr", "0.1"],
    environment: {},
  });
  expect(definitionOf(["python", "-m", "train"], "").command).toEqual(["python", "-m", "train"]);
  expect(definitionOf(["bash", "run.sh"], "").command).toEqual(["bash", "run.sh"]);
});

test("requirements are lines of pip", () => {
  expect(definitionOf(["python3", "t.py"], " mlflow-skinny\n\n# not this\nnumpy==2.0 ").environment).toEqual({
    python: {
      userManagedDependencies: false,
      condaDependencies: { dependencies: [{ pip: ["mlflow-skinny", "numpy==2.0"] }] },
    },
  });
});

test("files of a folder are named below it, and what is no source is left out", () => {
  expect(pathBelow("project/src/a.py", "a.py")).toBe("src/a.py");
  expect(pathBelow("", "a.py")).toBe("a.py");
  for (const path of ["p/.git/config", "p/src/__pycache__/a.pyc", "p/node_modules/x.js"])
    expect(pathBelow(path, "x")).toBeNull();
});

test("what is left out of the needs is not asked for", () => {
  expect(needed({})).toEqual({});
  expect(needed({ gpus: 1, memoryGib: 0.5, minutes: 1.5 })).toEqual({
    resources: { gpus: 1, memory_mb: 512 },
    max_seconds: 90,
  });
  expect(needed({ nodes: 2 })).toEqual({ node_count: 2, communicator: "PyTorch" });
});

test("the only script, or the one that is called so, is likely to be meant", () => {
  expect(likelyCommand(["go.py", "src/a.py", "data.csv"])).toBe("python go.py");
  expect(likelyCommand(["model.py", "train.py"])).toBe("python train.py");
  expect(likelyCommand(["a.py", "b.py"])).toBe("");
  expect(likelyCommand(["my run.py"])).toBe("python 'my run.py'");
});
