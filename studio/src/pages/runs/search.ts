/** What the address of a page of runs says. Any garbage in it gives a usable page. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type RunStatus, STATUS } from "@/components/Status";
import { columnOf, NAME } from "@/lib/run-columns";
import { SINCE, type Since, type Sort, sortOf, sortText } from "@/lib/run-filter";

export const TABS = ["runs", "charts", "details"] as const;
export type Tab = (typeof TABS)[number];
export const VIEWS = ["active", "deleted", "all"] as const;
export type View = (typeof VIEWS)[number];
/** How many of the first runs charts show. */
export const TOPS = [0, 10, 20, 50, 100, 200, 500, 1_000] as const;
const USUAL_TOP = 50;
const MOST = 500;
const NARROW = 60;
const WIDE = 1_200;

export interface RunsSearch {
  tab: Tab;
  /** As typed: a filter or a part of a name. */
  filter: string;
  status: RunStatus[];
  since: Since | null;
  sort: Sort[];
  /** null: nobody chose. */
  columns: string[] | null;
  /** Beside the name, which always is. */
  pinned: string[];
  widths: Record<string, number>;
  view: View;
  /** Params and tags, by their columns' ids. */
  by: string[];
  nested: boolean;
  /** Runs that charts leave out, and those that they show beside the first ones. */
  hidden: string[];
  also: string[];
  top: number;
}

const NAMES: Record<keyof RunsSearch, string> = {
  tab: "tab",
  filter: "f",
  status: "st",
  since: "since",
  sort: "o",
  columns: "cols",
  pinned: "pin",
  widths: "w",
  view: "view",
  by: "by",
  nested: "nest",
  hidden: "hide",
  also: "also",
  top: "top",
};

type Raw = Record<string, unknown>;

const list = (value: unknown): string[] =>
  (Array.isArray(value) ? value : typeof value === "string" ? [value] : [])
    .filter((one): one is string => typeof one === "string")
    .slice(0, MOST);
const oneOf = <T>(among: readonly T[], value: unknown, usual: T): T =>
  among.includes(value as T) ? (value as T) : usual;
const different = (ids: string[]): string[] => [...new Set(ids)];

export function readSearch(raw: Raw): RunsSearch {
  const sort = different(list(raw.o)).flatMap((one) => sortOf(one) ?? []);
  const widths = Object.entries(typeof raw.w === "object" && raw.w !== null ? raw.w : {}).flatMap(
    ([id, width]): [string, number][] =>
      typeof width === "number" && columnOf(id) ? [[id, bounded(width)]] : [],
  );
  return {
    tab: oneOf(TABS, raw.tab, "runs"),
    // Numbers and words such as true come parsed.
    filter: raw.f === undefined || raw.f === null || typeof raw.f === "object" ? "" : String(raw.f),
    status: different(list(raw.st)).filter((one): one is RunStatus =>
      Object.values(STATUS).includes(one as RunStatus),
    ),
    since: typeof raw.since === "string" && Object.hasOwn(SINCE, raw.since) ? (raw.since as Since) : null,
    sort: sort.slice(0, 5),
    columns: raw.cols === undefined ? null : columnsOf(raw.cols),
    pinned: columnsOf(raw.pin),
    widths: Object.fromEntries(widths.slice(0, MOST)),
    view: oneOf(VIEWS, raw.view, "active"),
    by: columnsOf(raw.by)
      .filter((id) => /^[pt]\./.test(id))
      .slice(0, 3),
    nested: raw.nest === true || raw.nest === 1,
    hidden: different(list(raw.hide)),
    also: different(list(raw.also)),
    top: oneOf<number>(TOPS, raw.top, USUAL_TOP),
  };
}

const columnsOf = (value: unknown): string[] =>
  different(list(value)).filter((id) => id !== NAME && columnOf(id) !== null);
export const bounded = (width: number): number => Math.round(Math.max(NARROW, Math.min(WIDE, width)));

/** As it stands in an address; what is usual does not. */
export function writeSearch(search: RunsSearch): Raw {
  const usual = readSearch({});
  const written: Raw = {};
  for (const name of Object.keys(NAMES) as (keyof RunsSearch)[]) {
    const value = name === "sort" ? search.sort.map(sortText) : search[name];
    const before = name === "sort" ? [] : usual[name];
    written[NAMES[name]] =
      value === null || JSON.stringify(value) === JSON.stringify(before) ? undefined : value;
  }
  return written;
}

export type ChangeSearch = (patch: Partial<RunsSearch>, options?: { push?: boolean }) => void;

/** The state of the page. A change is a new address; `push`: one to which the browser goes back. */
export function useRunsSearch(): [RunsSearch, ChangeSearch] {
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
      });
    },
    [navigate],
  );
  return [search, change];
}
