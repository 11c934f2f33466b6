import { expect, test } from "vitest";
import { mlflowAddress } from "@/lib/mlflow-address";

test.each([
  ["/", "/experiments/1/runs/abc", "/workspaces/default/experiments/1/runs/abc"],
  ["/workspaces/team%20a", "#/experiments/7", "/workspaces/team%20a/experiments/7"],
  ["/", "/experiments/1/runs/abc/model-metrics", "/workspaces/default/experiments/1/runs/abc"],
  ["/", "", null],
  ["/", "/prompts", null],
])("%s with hash %s leads to %s", (path, hash, expected) => expect(mlflowAddress(path, hash)).toBe(expected));
