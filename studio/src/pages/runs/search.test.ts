import { expect, test } from "vitest";
import { readSearch, writeSearch } from "@/pages/runs/search";

test("garbage gives a usable page", () => {
  const usual = readSearch({});
  expect(
    readSearch({
      tab: "nonsense",
      f: { a: 1 },
      st: "X",
      since: 3,
      o: [1, null, "-", "a.duration"],
      w: "wide",
      view: [],
      by: ["m.last.loss"],
      nest: "yes",
      hide: 7,
      top: 51,
      pin: [["x"]],
    }),
  ).toEqual(usual);
});

test("what is written is read again, and what is usual is not written", () => {
  const search = {
    ...readSearch({}),
    filter: "metrics.loss < 1",
    status: ["FAILED" as const],
    sort: [{ id: "m.min.loss", down: true }],
    columns: ["m.min.loss", "p.lr"],
    pinned: ["p.lr"],
    widths: { "p.lr": 90 },
    nested: true,
    top: 100,
  };
  const written = writeSearch(search);
  expect(readSearch(written)).toEqual(search);
  expect(JSON.parse(JSON.stringify(writeSearch(readSearch({}))))).toEqual({});
  expect(readSearch({ f: 12 }).filter).toBe("12");
  expect(readSearch({ cols: [] }).columns).toEqual([]);
});

test("what every object has is no choice of ours", () => {
  const usual = readSearch({});
  for (const name of ["__proto__", "constructor", "toString"])
    expect(
      readSearch({
        since: name,
        tab: name,
        view: name,
        cols: undefined,
        pin: [`a.${name}`, `m.${name}.loss`],
        o: [`-a.${name}`],
        w: { [`a.${name}`]: 90 },
      }),
    ).toEqual(usual);
});
