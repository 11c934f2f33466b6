import { expect, test, vi } from "vitest";
import type { RunRow, RunsAsked, RunsPage, WantedColumns } from "@/api/runs";
import { columnOf } from "@/lib/run-columns";
import { sortGroups } from "@/pages/runs/data/groups";
import { RunsModel } from "@/pages/runs/data/model";
import { Rows } from "@/pages/runs/data/rows";
import { Tree } from "@/pages/runs/data/tree";

const rowOf = (handle: number, wanted: WantedColumns, version = 1): RunRow => ({
  handle,
  runId: `run${handle}`,
  experimentId: "1",
  name: `name ${handle}`,
  status: "FINISHED",
  user: "",
  startMs: 0,
  endMs: 1,
  deleted: false,
  parent: null,
  children: 0,
  version,
  metrics: (wanted.metrics ?? []).map(() => handle),
  params: (wanted.params ?? []).map(() => "p"),
  tags: (wanted.tags ?? []).map(() => null),
});
const keysOf = (wanted: WantedColumns) => ({
  metrics: wanted.metrics ?? [],
  params: wanted.params ?? [],
  tags: wanted.tags ?? [],
});
const columns = ["m.last.loss", "p.lr"].map((id) => columnOf(id)!);
const settle = () => new Promise((done) => setTimeout(done, 0));

/** A server that has so many runs, numbered from 0. */
function serverOf(count: number) {
  const asked: RunsAsked[] = [];
  const read: number[][] = [];
  const page = async (one: RunsAsked): Promise<RunsPage> => {
    asked.push(one);
    const start = Number(one.page_token ?? 0);
    const end = Math.min(count, start + one.max_results);
    const handles = Array.from({ length: end - start }, (_, i) => start + i);
    return {
      handles,
      next: end < count ? String(end) : null,
      total: count,
      rows: handles.slice(0, one.rows).map((handle) => rowOf(handle, one.columns)),
      keys: keysOf(one.columns),
    };
  };
  const rows = async (which: { handles: number[] } | { run_ids: string[] }, wanted: WantedColumns) => {
    const handles = "handles" in which ? which.handles : [];
    read.push(handles);
    return handles.filter((one) => one < count).map((one) => rowOf(one, wanted));
  };
  const groups = async () => ({ groups: [], next: null, total: 0, runs: 0 });
  return { asked, read, reads: { page, rows, groups } };
}
const question = { experiment_ids: ["1"], filter: "", order_by: [], view: "active" as const };

test("the first page is there at once, the rest follows by itself", async () => {
  const server = serverOf(45_000);
  const model = new RunsModel(server.reads, false, vi.fn());
  model.ask({ question, by: [], columns, arranged: true });
  await settle();
  expect(model.tree.count).toBe(1_000);
  await new Promise((done) => setTimeout(done, 100));
  expect(server.asked.map((one) => [one.max_results, one.rows])).toEqual([
    [1_000, 60],
    [20_000, 0],
    [20_000, 0],
    [20_000, 0],
  ]);
  expect(model.tree.count).toBe(45_000);
  expect(model.rows.get(59)?.cells.get("m.last.loss")).toBe(59);
  expect(model.rows.get(60)).toBeUndefined();
});

test("an older answer does not replace a newer question's", async () => {
  const server = serverOf(10);
  const model = new RunsModel(server.reads, false, vi.fn());
  model.ask({ question: { ...question, filter: "old" }, by: [], columns, arranged: true });
  model.ask({ question: { ...question, filter: "new" }, by: [], columns, arranged: true });
  expect(model.waiting).toBe(true);
  await settle();
  expect(model.list?.question.filter).toBe("new");
  expect(model.waiting).toBe(false);
});

test("rows in sight are read in windows of a hundred, and only columns that are missing", async () => {
  const server = serverOf(1_000);
  const changed = vi.fn();
  const rows = new Rows(server.reads.rows, changed, vi.fn());
  rows.want(
    Array.from({ length: 150 }, (_, i) => i),
    [columns[0]!],
  );
  await settle();
  expect(server.read.map((one) => one.length)).toEqual([100, 50]);
  rows.want([1, 2], columns);
  await new Promise((done) => setTimeout(done, 80));
  expect(server.read[2]).toEqual([1, 2]);
  expect(rows.get(1)?.cells.get("m.last.loss")).toBe(1);
  expect(rows.get(1)?.cells.get("p.lr")).toBe("p");
});

test("a run that is gone is not asked for again", async () => {
  const server = serverOf(5);
  const rows = new Rows(server.reads.rows, vi.fn(), vi.fn());
  rows.want([7], columns);
  await settle();
  rows.want([7], columns);
  await new Promise((done) => setTimeout(done, 80));
  expect(server.read).toEqual([[7]]);
  expect(rows.isGone(7)).toBe(true);
});

test("what is unfolded stands below its run, however long the list is", () => {
  const handles = Array.from({ length: 100_000 }, (_, i) => i);
  const tree = Tree.ofRuns(handles, new Map([[2, { handles: [500_001, 500_002], note: null }]]));
  expect(tree.count).toBe(100_002);
  expect(tree.at(2)).toEqual({ kind: "run", handle: 2, depth: 0 });
  expect(tree.at(3)).toEqual({ kind: "run", handle: 500_001, depth: 1 });
  expect(tree.at(5)).toEqual({ kind: "run", handle: 3, depth: 0 });
  expect(tree.at(100_001)).toEqual({ kind: "run", handle: 99_999, depth: 0 });
  expect(tree.at(100_002)).toBeNull();
  expect(tree.firstRuns(5)).toEqual([0, 1, 2, 500_001, 500_002]);
});

test("groups have their runs below them", () => {
  const tree = Tree.ofGroups(2, new Map([[0, { handles: [5], note: "Loading …" }]]), new Map(), "more");
  expect([0, 1, 2, 3, 4].map((place) => tree.at(place))).toEqual([
    { kind: "group", index: 0 },
    { kind: "run", handle: 5, depth: 1 },
    { kind: "note", text: "Loading …", depth: 1 },
    { kind: "group", index: 1 },
    { kind: "note", text: "more", depth: 0 },
  ]);
});

test("groups are sorted by what they are grouped by, or by means; those without come last", () => {
  const group = (value: string | null, mean: number | null) => ({
    values: [value],
    n: 1,
    filter: null,
    metrics: [{ mean, std: 0, min: mean, max: mean }],
  });
  const groups = [group("10", 2), group("9", null), group(null, 1)];
  const asked = {
    by: [{ kind: "param" as const, key: "lr" }],
    metrics: [{ key: "loss", stat: "min" as const }],
  };
  const order = (by: string) => sortGroups(groups, asked, [by]).map((one) => one.values[0]);
  expect(order("params.`lr` ASC")).toEqual(["9", "10", null]);
  expect(order("metrics.`loss`.min ASC")).toEqual([null, "10", "9"]);
  expect(order("metrics.`loss`.min DESC")).toEqual(["10", null, "9"]);
  expect(order("attributes.start_time DESC")).toEqual(["10", "9", null]);
});
