import { expect, test } from "vitest";
import { place } from "@/pages/access/place";

test.each([
  ["/", "the whole server"],
  ["/subscriptions/default", "subscription default"],
  ["/subscriptions/s/resourceGroups/g/workspaces/team%20a", "workspace team a"],
  ["/subscriptions/s/resourceGroups/g/workspaces/w/experiments/7", "experiment 7"],
])("the scope %s reads %s", (scope, text) => expect(place(scope)).toBe(text));
