import { expect, test } from "vitest";
import { mlflowAddress } from "@/lib/mlflow-address";

test.each([
  ["/", "/experiments/1/runs/abc", "/workspaces/default/experiments/1/runs/abc"],
  ["/workspaces/team%20a", "#/experiments/7", "/workspaces/team%20a/experiments/7"],
  ["/", "/experiments/1/runs/abc/model-metrics", "/workspaces/default/experiments/1/runs/abc"],
  ["/", "#/experiments/offline-7dd4eb166d152d77ac61", "/workspaces/default/experiments"],
  [
    "/",
    "#/experiments/offline-7dd4eb166d152d77ac61/runs/abc",
    "/workspaces/default/experiments/offline-7dd4eb166d152d77ac61/runs/abc",
  ],
  ["/", "", null],
  ["/", "/prompts", null],
])("%s with hash %s leads to %s", (path, hash, expected) => expect(mlflowAddress(path, hash)).toBe(expected));
