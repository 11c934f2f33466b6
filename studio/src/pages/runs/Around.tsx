/** Around the table: how many runs there are, what to do when there are none, how many the charts show. */
import { NativeSelect } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Empty, Waiting } from "@/components/states";
import { ATTRIBUTES, columnOf, titleOf } from "@/lib/run-columns";
import type { RunsModel } from "@/pages/runs/data/model";
import classes from "@/pages/runs/RunsPage.module.css";
import { type ChangeSearch, type RunsSearch, TOPS } from "@/pages/runs/search";
import { useShownRuns } from "@/pages/runs/shown-runs";

export function Nothing({
  model,
  search,
  change,
  empty,
}: {
  model: RunsModel;
  search: RunsSearch;
  change: ChangeSearch;
  empty: ReactNode;
}) {
  if (model.list === null && model.groups === null)
    return model.error === null ? (
      <div className={classes.nothing}>
        <Waiting label="Loading runs" />
      </div>
    ) : null;
  if (model.tree.count > 0 || model.waiting) return null;
  const filtered = search.filter !== "" || search.status.length > 0 || search.since !== null;
  return (
    <div className={classes.nothing}>
      {filtered ? (
        <Empty title="No run matches">
          {search.nested && "Only runs at the top are looked at while nested ones are shown below them. "}
          <button
            type="button"
            className={classes.link}
            onClick={() => change({ filter: "", status: [], since: null }, { push: true })}
          >
            Clear the filter
          </button>
        </Empty>
      ) : search.view === "deleted" ? (
        <Empty title="No deleted runs">
          <button type="button" className={classes.link} onClick={() => change({ view: "active" })}>
            Show active runs
          </button>
        </Empty>
      ) : (
        <Empty title="No runs yet" icon={<IconFlask size={28} aria-hidden />}>
          {empty}
        </Empty>
      )}
    </div>
  );
}

export function Foot({
  model,
  shown,
  search,
  change,
}: {
  model: RunsModel;
  shown: number;
  search: RunsSearch;
  change: ChangeSearch;
}) {
  const { total, groups, list } = model;
  const number = (count: number) => count.toLocaleString("en-US");
  const many = (count: number | null, one: string) =>
    count === null ? "" : `${number(count)} ${count === 1 ? one : `${one}s`}`;
  const runs = groups
    ? [many(groups.total ?? groups.groups.length, "group"), many(groups.runs, "run")]
        .filter(Boolean)
        .join(" of ")
    : total !== null
      ? `${many(total, "run")}${search.nested ? " at the top" : ""}`
      : list
        ? `more than ${number(list.handles.length)} runs`
        : "";
  const sort = search.sort.map((one) => {
    const column = columnOf(one.id)!;
    return `${titleOf(column)} ${one.down ? "↓" : "↑"}`;
  });
  return (
    <footer className={classes.foot} aria-live="polite">
      <span>{runs}</span>
      {!groups && <span>Order: {sort.join(", ") || `${ATTRIBUTES.start.title} ↓`}</span>}
      {search.sort.length > 0 && (
        <button type="button" className={classes.link} onClick={() => change({ sort: [] })}>
          Usual order
        </button>
      )}
      {!groups && <span>{shown} in charts</span>}
      {(search.hidden.length > 0 || search.also.length > 0 || search.top === 0) && (
        <button
          type="button"
          className={classes.link}
          onClick={() => change({ hidden: [], also: [], ...(search.top === 0 ? { top: 50 } : {}) })}
        >
          Chart the first ones again
        </button>
      )}
    </footer>
  );
}

/** Above the charts: of how many runs they are. */
export function Top({ search, change }: { search: RunsSearch; change: ChangeSearch }) {
  const { runs, total, groups } = useShownRuns();
  return (
    <div className={classes.top}>
      <NativeSelect
        size="xs"
        aria-label="Runs in charts"
        value={String(search.top)}
        onChange={(event) => change({ top: Number(event.currentTarget.value) })}
        data={TOPS.map((one) => ({
          value: String(one),
          label: one === 0 ? "Only those chosen by hand" : `The first ${one.toLocaleString("en-US")}`,
        }))}
      />
      <span>
        {runs.length.toLocaleString("en-US")} {runs.length === 1 ? "run" : "runs"} shown
        {total !== null && !groups && ` of ${total.toLocaleString("en-US")}`}
        {groups && ` in ${groups.length} ${groups.length === 1 ? "group" : "groups"}`}
      </span>
      {(search.hidden.length > 0 || search.also.length > 0) && (
        <button type="button" className={classes.link} onClick={() => change({ hidden: [], also: [] })}>
          Forget what was chosen by hand
        </button>
      )}
    </div>
  );
}
