import { expect, test } from "vitest";
import { addressOf, shownOf } from "@/pages/compute/search";

test("garbage in the address is a usable page", () => {
  expect(shownOf({ name: ["x"], tab: 7 })).toEqual({ name: null, tab: "nodes" });
  expect(shownOf({ name: 7, tab: "queue" })).toEqual({ name: "7", tab: "queue" });
});

test("what is as at first is left out", () => {
  expect(addressOf({ name: "gpu", tab: "nodes" })).toEqual({ name: "gpu" });
  expect(addressOf({ name: null, tab: "runs" })).toEqual({});
});
