/** What the address of a comparison says. Any garbage in it gives a usable page. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { LineKind } from "@/lib/compare-lines";
import { packedNumbers, unpackedNumbers } from "@/lib/run-numbers";

export const TABS = ["differences", "charts", "images", "artifacts", "code"] as const;
export type Tab = (typeof TABS)[number];
export const KINDS: readonly LineKind[] = ["info", "param", "metric", "tag"];
/** At most so many runs are compared. */
export const MOST_RUNS = 1_000;

export interface CompareSearch {
  tab: Tab;
  /** Ids of runs, in order. */
  runs: string[];
  /** Numbers of runs on this server, in order; those of `runs` come before them. */
  numbers: number[];
  /** What differs only. */
  only: boolean;
  find: string;
  /** Kinds of lines that are not shown. */
  without: LineKind[];
  /** The run that others are compared with; null: the first. */
  base: string | null;
  /** Where runs are rows: the column by which they are sorted, `metric.loss`, with `-` before it the other way round. */
  sort: string | null;
  /** Metrics for which the opposite of what their names say is better. */
  turned: string[];
  /** Artifacts: a folder, and a file in it. */
  path: string;
  file: string | null;
  /** Images: the name under which they were logged, and what lies over one another. */
  image: string | null;
  over: boolean;
}

type Raw = Record<string, unknown>;

const text = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null;
const list = (value: unknown, most: number): string[] => {
  const all = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [];
  const found = all.flatMap((one) => text(one)?.trim() || []);
  return [...new Set(found)].slice(0, most);
};
const isRunId = (one: string): boolean => /^[\w.-]{1,64}$/.test(one);

export function readSearch(raw: Raw): CompareSearch {
  const runs = list(raw.runs, MOST_RUNS).filter(isRunId);
  const numbers = [...new Set(unpackedNumbers(text(raw.n) ?? ""))];
  return {
    tab: TABS.find((one) => one === raw.tab) ?? "differences",
    runs,
    numbers: numbers.slice(0, MOST_RUNS - runs.length),
    only: raw.all !== true && raw.all !== 1,
    find: raw.f === undefined || raw.f === null || typeof raw.f === "object" ? "" : String(raw.f),
    without: list(raw.without, KINDS.length).filter((one): one is LineKind =>
      KINDS.includes(one as LineKind),
    ),
    base: text(raw.base),
    sort: text(raw.sort),
    turned: list(raw.turn, 200),
    path: text(raw.path) ?? "",
    file: text(raw.file),
    image: text(raw.image),
    over: raw.over === true || raw.over === 1,
  };
}

const held = <T>(value: T, usual: boolean): T | undefined => (usual ? undefined : value);

/** As it stands in an address; what is usual does not. */
export function writeSearch(search: CompareSearch): Raw {
  return {
    tab: held(search.tab, search.tab === "differences"),
    runs: held(search.runs, search.runs.length === 0),
    n: held(packedNumbers(search.numbers), search.numbers.length === 0),
    all: held(true, search.only),
    f: held(search.find, search.find === ""),
    without: held(search.without, search.without.length === 0),
    base: search.base ?? undefined,
    sort: search.sort ?? undefined,
    turn: held(search.turned, search.turned.length === 0),
    path: held(search.path, search.path === ""),
    file: search.file ?? undefined,
    image: search.image ?? undefined,
    over: held(true, !search.over),
  };
}

export type ChangeSearch = (patch: Partial<CompareSearch>, options?: { push?: boolean }) => void;

/** The state of the page. A change is a new address; `push`: one to which the browser goes back. */
export function useCompareSearch(): [CompareSearch, ChangeSearch] {
  const raw = useSearch({ strict: false }) as Raw;
  const navigate = useNavigate();
  const search = useMemo(() => readSearch(raw), [raw]);
  const change = useCallback<ChangeSearch>(
    (patch, options) => {
      navigate({
        to: ".",
        search: ((before: Raw) => ({
          ...before,
          ...writeSearch({ ...readSearch(before), ...patch }),
        })) as never,
        replace: !options?.push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}
