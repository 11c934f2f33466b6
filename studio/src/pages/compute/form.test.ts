import { expect, test } from "vitest";
import type { Compute } from "@/api/compute";
import { resourcesText } from "@/lib/resources-text";
import { changesOf, EMPTY, filledOf, newCompute, pairsOf, pairsText, readHost } from "@/pages/compute/form";
import { kindOf, whereIs } from "@/pages/compute/kinds";

const compute: Compute = {
  name: "gpu",
  kind: "ssh",
  state: "Running",
  provisioning_state: "Succeeded",
  provisioning_errors: [],
  description: "",
  tags: {},
  settings: {
    hosts: [
      { address: "gpu1", port: 22 },
      { address: "::1", port: 2222, host_key: "ssh-ed25519 AAAA" },
    ],
    username: "me",
    jobs_per_host: 1,
    odd: true,
  },
  limits: { max_running: 4, idle_seconds: 120 },
  base: "",
  size: "",
  groups: ["team"],
  server_url: "",
  has_credentials: { private_key: true },
  created_ms: 0,
  modified_ms: 0,
  created_by: "me",
  checked_ms: null,
  error: "",
  nodes: [],
  counts: { queued: 0, running: 0 },
};

test("machines are read as one writes them", () => {
  expect(readHost("gpu1")).toEqual({ address: "gpu1", port: 22 });
  expect(readHost(" gpu1:2222  ssh-ed25519 AAAA comment ")).toEqual({
    address: "gpu1",
    port: 2222,
    host_key: "ssh-ed25519 AAAA comment",
  });
  expect(readHost("[::1]:2200")).toEqual({ address: "::1", port: 2200 });
});

test("what stays empty is left out, and secrets are none of the settings", () => {
  const made = newCompute(kindOf("ssh"), {
    ...EMPTY,
    name: " gpu ",
    groups: "a, b,",
    fields: { hosts: "gpu1\n\n", username: "me", private_key: "KEY", folder: " " },
    limits: { max_running: 2, max_seconds: "", max_nodes: 7 },
  });
  expect(made).toMatchObject({
    name: "gpu",
    settings: { hosts: [{ address: "gpu1", port: 22 }], username: "me" },
    credentials: { private_key: "KEY\n" },
    limits: { max_running: 2 },
    groups: ["a", "b"],
  });
  expect(made.settings).not.toHaveProperty("folder");
  const ray = newCompute(kindOf("ray"), {
    ...EMPTY,
    fields: { address: "http://r", authorization: "Bearer x" },
  });
  expect(ray.credentials).toEqual({ headers: { Authorization: "Bearer x" } });
});

test("a change names what changed only, and keeps what is not known here", () => {
  const filled = filledOf(compute);
  expect(filled.fields.hosts).toBe("gpu1\n[::1]:2222 ssh-ed25519 AAAA");
  expect(changesOf(compute, filled)).toEqual({});
  const changed = changesOf(compute, {
    ...filled,
    fields: { ...filled.fields, username: "you", password: "hush" },
    limits: { ...filled.limits, max_running: "" },
  });
  expect(changed).toEqual({
    settings: { ...compute.settings, username: "you" },
    credentials: { password: "hush" },
    limits: { max_running: 0, idle_seconds: 120 },
  });
});

test("where a target is stands in one line", () => {
  expect(whereIs(compute)).toBe("me@gpu1 and 1 more");
  expect(whereIs({ ...compute, kind: "slurm", settings: { partition: "gpu" } })).toBe(
    "the server's machine, partition gpu",
  );
  expect(whereIs({ ...compute, kind: "pool", base: "cluster", size: "BIG" })).toBe("BIG of cluster");
  expect(whereIs({ ...compute, kind: "odd" })).toBe("");
});

test("resources and pairs are text", () => {
  expect(resourcesText({ cpus: 1, memory_mb: 2048, gpus: 2 })).toBe("1 CPU · 2 GiB · 2 GPUs");
  expect(resourcesText({})).toBe("");
  expect(pairsOf("partition=gpu\n a = b=c \nbare")).toEqual({ partition: "gpu", a: "b=c", bare: "" });
  expect(pairsText({ a: "1", b: "2" })).toBe("a=1\nb=2");
});
