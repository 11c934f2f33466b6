import { describe, expect, it, vi } from "vitest";
import { bandsOf, seriesOf } from "@/api/charts";
import { batched } from "@/lib/chart-batch";
import { countsText, linesCsv, summaries } from "@/lib/chart-export";
import { asked, linesOf, runsKey } from "@/lib/chart-lines";
import { axisWidth, options } from "@/lib/chart-options";
import { line, points } from "@/lib/chart-testing";
import { logTick, placeText, relativeTick, tick, timeTicks } from "@/lib/chart-ticks";
import { aroundNearest } from "@/lib/chart-tooltip";

describe("ticks", () => {
  it.each([
    [0, 1, "0"],
    [0.25, 0.25, "0.25"],
    [1500, 500, "1500"],
    [250_000, 50_000, "250k"],
    [1_250_000, 250_000, "1.25M"],
    [-0.5, 0.5, "−0.5"],
    [3e-7, 1e-7, "3.0e−7"],
  ])("%d at distance %d is %s", (value, distance, text) => {
    expect(tick(value, distance)).toBe(text);
  });

  it("are short on relative and logarithmic axes", () => {
    expect(relativeTick(90_000)).toBe("1m 30s");
    expect(relativeTick(36e5 * 30)).toBe("1d 6h");
    expect(relativeTick(1500)).toBe("1.5s");
    expect(logTick(1e-5)).toBe("1e−5");
    expect(logTick(0.01)).toBe("0.01");
  });

  it("of time name the day once, and are as short as their distance allows", () => {
    const at = (hour: number, minute = 0) => new Date(2026, 10, 24, hour, minute).getTime();
    expect(timeTicks([at(6), at(12), null, at(30)], 6 * 36e5)).toEqual([
      "06:00\nNov 24",
      "12:00",
      "",
      "06:00\nNov 25",
    ]);
    expect(timeTicks([at(0), at(24)], 24 * 36e5)).toEqual(["Nov 24\n2026", "Nov 25"]);
    expect(timeTicks([at(6), at(6, 1)], 30_000)[1]).toBe("06:01:00");
    expect(timeTicks([at(0)], 31 * 864e5)).toEqual(["Nov\n2026"]);
    expect(timeTicks([at(0)], 366 * 864e5)).toEqual(["2026"]);
    expect(timeTicks([at(6)], 100)[0]).toBe("06:00:00.000\nNov 24");
  });

  it("say a place in words", () => {
    expect(placeText("step", 1200)).toBe("step 1,200");
    expect(placeText("metric:epoch", 2)).toBe("epoch 2");
    expect(placeText("relative", 65_000)).toBe("1 min 5 s after the start");
  });
});

describe("CSV", () => {
  it("has a row per point", () => {
    const text = linesCsv([line(points([1, 2]), { label: "one" })], "step");
    expect(text.split("\r\n")).toHaveLength(4);
    expect(text.split("\r\n")[1]).toBe("a,one,loss,0,0,1,1,1,1,1,");
  });
});

describe("texts", () => {
  it("say how many points are shown of how many", () => {
    const counts = { lines: 2, drawn: 1600, inRange: 5_000, stored: 2_000_000, exact: false };
    expect(countsText(counts, "run")).toContain("5,000 of 2M points");
    expect(countsText({ ...counts, exact: true, drawn: 30, inRange: 30, stored: 30 }, "run")).toBe(
      "2 runs · all 30 points",
    );
  });

  it("sum lines up", () => {
    expect(summaries([line(points([3, Number.NaN, 1]))])[0]).toMatchObject({
      last: 1,
      min: 1,
      max: 3,
      points: 3,
    });
    expect(summaries([line(points([Number.NaN]))])[0]?.min).toBeNaN();
  });

  it("show the rows around the nearest one", () => {
    const all = Array.from({ length: 50 }, (_, i) => ({
      line: line(points([i]), { key: `${i}` }),
      at: 0,
      x: 0,
      value: i,
    }));
    const { rows, before, after } = aroundNearest(all, all[25]!, 10);
    expect(rows.map((one) => one.line.key)).toContain("25");
    expect([before, rows.length, after]).toEqual([20, 10, 20]);
    expect(aroundNearest(all, null, 10).before).toBe(0);
  });
});

describe("lines", () => {
  const looks = new Map([["a", { runId: "a", experimentId: "1", name: "A", color: "#111111" }]]);

  it("leave out series without points and runs that are not shown", () => {
    const series = [points([1, 2]), points([]), { ...points([1]), runId: "other" }];
    expect(linesOf(series, looks, ["loss"], { strength: 0, how: "ema" })).toHaveLength(1);
  });

  it("say which metric they are where there are several", () => {
    const two = [points([1]), { ...points([2]), metric: "acc" }];
    const made = linesOf(two, looks, ["loss", "acc"], { strength: 0, how: "ema" });
    expect(made.map((one) => one.label)).toEqual(["A · loss", "A · acc"]);
    expect(made[0]?.dash).not.toEqual(made[1]?.dash);
  });

  it("have a key that changes with ids and their order", () => {
    const keys = [["a", "b"], ["b", "a"], ["ab"], [], ["a", "b", "c"]].map(runsKey);
    expect(new Set(keys).size).toBe(5);
  });

  it("ask for fewer buckets the more they are, and for some more than is seen", () => {
    expect(asked(null, 640, 10).buckets).toBe(700);
    expect(asked(null, 640, 1000).buckets).toBe(150);
    expect(asked([100, 200], 640, 10)).toMatchObject({ start: 80, end: 220 });
  });
});

describe("answers", () => {
  const f8 = (...values: number[]) => ({
    t: "f8" as const,
    d: new Uint8Array(Float64Array.from(values).buffer),
  });
  const u4 = (...values: number[]) => ({
    t: "u4" as const,
    d: new Uint8Array(Uint32Array.from(values).buffer),
  });

  it("of exact series need no extremes", () => {
    const [one] = seriesOf({
      runs: ["r"],
      metrics: ["m"],
      series: [
        { run: 0, metric: 0, stored: 2, in_range: 2, exact: true, x: f8(1, 2), last: f8(3, Number.NaN) },
      ],
    });
    expect(one).toMatchObject({ runId: "r", metric: "m", exact: true, count: null });
    expect(Array.from(one!.max)).toEqual([3, Number.NaN]);
    expect(one!.xLast).toBe(one!.x);
  });

  it("of groups become bands of one deviation", () => {
    const [band] = bandsOf(
      {
        groups: ["g"],
        metrics: ["m"],
        bands: [{ group: 0, metric: 0, x: f8(1), mean: f8(5), min: f8(0), max: f8(9), std: f8(2), n: u4(3) }],
      },
      true,
    );
    expect([band!.min[0], band!.last[0], band!.max[0], band!.runs?.[0]]).toEqual([3, 5, 7, 3]);
  });
});

describe("batched", () => {
  const ask = (most: number) => {
    const request = vi.fn(
      async (_: string, items: string[]) => new Map(items.map((one) => [one, `${one}!`])),
    );
    return { request, go: batched<string, string>(() => most, request) };
  };

  it("asks once for what is asked for at the same time", async () => {
    const { request, go } = ask(2);
    const found = await Promise.all(["a", "b", "c", "a"].map((one) => go("k", "about", one)));
    expect(found).toEqual(["a!", "b!", "c!", "a!"]);
    expect(request.mock.calls.map((call) => call[1])).toEqual([
      ["a", "b"],
      ["c", "a"],
    ]);
  });

  it("gives up a request that nobody waits for", async () => {
    let given: AbortSignal | undefined;
    const go = batched<string, string>(
      () => 9,
      (_, __, signal) => {
        given = signal;
        return new Promise(() => undefined);
      },
    );
    const control = new AbortController();
    const waiting = go("k", "about", "a", control.signal);
    await vi.waitFor(() => expect(given).toBeDefined());
    control.abort();
    await expect(waiting).rejects.toThrow("Nobody waits");
    expect(given?.aborted).toBe(true);
  });

  it("tells all of a failure", async () => {
    const go = batched<string, string>(
      () => 9,
      () => Promise.reject(new Error("away")),
    );
    await expect(Promise.all([go("k", "", "a"), go("k", "", "b")])).rejects.toThrow("away");
  });
});

describe("options", () => {
  const wanted = {
    width: 400,
    height: 200,
    x: "time" as const,
    logX: false,
    logY: true,
    looks: { text: "#000", grid: "#eee", line: "#ccc" },
    xSpan: (): [number, number] => [1, 2],
    ySpan: (): [number, number] => [3, 4],
    hooks: {},
    bind: {},
  };

  it("leave lines to us and scales to what is seen", () => {
    const made = options(wanted);
    expect(made.scales?.x?.time).toBe(true);
    expect(made.scales?.y?.distr).toBe(3);
    expect((made.scales!.y!.range as () => unknown)()).toEqual([3, 4]);
    expect(made.legend?.show).toBe(false);
  });

  it("give the y axis the room of its longest number", () => {
    expect(axisWidth(["1", "1,000,000"])).toBeGreaterThan(axisWidth(["1"]));
    expect(axisWidth(null)).toBeGreaterThan(20);
  });
});
