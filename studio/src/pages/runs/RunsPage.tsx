/** Runs of an experiment or of a whole workspace: one set of runs as a table and as charts. */
import { useElementSize } from "@mantine/hooks";
import { type ReactNode, Suspense, useMemo, useRef, useState } from "react";
import { ApiError } from "@/api/http";
import { Lazily } from "@/components/Lazily";
import { useNow } from "@/components/Moment";
import { Broken, Waiting } from "@/components/states";
import { withTerm } from "@/lib/run-filter";
import { Foot, Nothing, Top } from "@/pages/runs/Around";
import type { Asking } from "@/pages/runs/actions/Dialogs";
import { useRunActions } from "@/pages/runs/actions/use-actions";
import { Toolbar } from "@/pages/runs/bar/Toolbar";
import { CellMenu, Charts, ColorMenu, ColumnsPanel, Dialogs, HeadMenu, Selected } from "@/pages/runs/parts";
import classes from "@/pages/runs/RunsPage.module.css";
import type { ChangeSearch, RunsSearch } from "@/pages/runs/search";
import { useSelection } from "@/pages/runs/selection";
import { ShownRunsProvider } from "@/pages/runs/shown-runs";
import type { OpenCell } from "@/pages/runs/table/CellMenu";
import { cellOf } from "@/pages/runs/table/cells";
import { layoutOf } from "@/pages/runs/table/layout";
import { RunsTable } from "@/pages/runs/table/RunsTable";
import { useHead } from "@/pages/runs/table/use-head";
import { useCompare } from "@/pages/runs/use-compare";
import { filterOf, type RunsOf, useRunsTable } from "@/pages/runs/use-runs";
import { useShown } from "@/pages/runs/use-shown";

const NO_COLUMNS: readonly string[] = [];

export function RunsPage({
  of,
  title,
  search,
  change,
  experimentName,
  empty,
}: {
  of: RunsOf;
  title: string;
  search: RunsSearch;
  change: ChangeSearch;
  experimentName: (id: string) => string;
  /** What to do so that there are runs. */
  empty: ReactNode;
}) {
  const size = useElementSize();
  const { model, columns } = useRunsTable(of, search, change, size.width);
  const selection = useSelection();
  const actions = useRunActions(model, of.workspace, search.view);
  const filter = filterOf(search, useNow());
  const drawn = search.tab === "charts";
  const shown = useShown(model, of, search, change, filter, drawn);
  const head = useHead(model, columns, search, change, selection);
  const compare = useCompare(of.workspace, model, selection);
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [panel, setPanel] = useState(false);
  const [cell, setCell] = useState<OpenCell | null>(null);
  const [color, setColor] = useState<{ handle: number; at: HTMLElement } | null>(null);
  const [asking, setAsking] = useState<Asking>(null);

  const group = (id: string) =>
    change({
      by: search.by.includes(id) ? search.by.filter((one) => one !== id) : [...search.by, id].slice(0, 3),
    });
  const startFilter = (start: string) => {
    change({ filter: withTerm(search.filter, start) });
    // The menu gives the focus back first.
    setTimeout(() => field.current?.focus(), 120);
  };
  const narrow = useMemo(() => layoutOf(NO_COLUMNS, NO_COLUMNS, { "a.name": 214 }, 1_000), []);
  const layout = drawn ? narrow : columns.layout;
  const error = model.error;
  const refused = error instanceof ApiError && error.status === 400 ? error.message : null;
  const allHandles = () => model.tree.firstRuns(Number.POSITIVE_INFINITY);
  const table = (
    <RunsTable
      model={model}
      workspace={of.workspace}
      search={search}
      layout={layout}
      selection={selection}
      isVisible={shown.isVisible}
      experimentName={experimentName}
      menuOf={head.open?.column.id ?? null}
      boxRef={box}
      actions={{
        head: head.actions,
        see: shown.turn,
        cell: (column, handle, at) => {
          const row = model.rows.get(handle);
          if (row) setCell({ column, value: cellOf(column, row), at });
        },
        color: (handle, at) => setColor({ handle, at }),
        filter: () => field.current?.focus(),
        compare,
      }}
    />
  );
  return (
    <ShownRunsProvider value={shown.value}>
      <Toolbar
        of={of}
        search={search}
        change={change}
        error={refused}
        field={field}
        onColumns={() => setPanel(true)}
        onCsv={() => actions.csv(allHandles(), columns.layout.columns, title)}
      />
      <div ref={size.ref} className={drawn ? classes.split : classes.table}>
        {error !== null && refused === null && model.list === null && model.groups === null ? (
          <Broken error={error} again={() => model.again()} />
        ) : (
          <div className={drawn ? classes.side : classes.table} hidden={drawn && size.width < 640}>
            {table}
            <Nothing model={model} search={search} change={change} empty={empty} />
          </div>
        )}
        {drawn && (
          <div className={classes.charts}>
            <Top search={search} change={change} />
            <Suspense fallback={<Waiting />}>
              <Charts />
            </Suspense>
          </div>
        )}
      </div>
      {!drawn && <Foot model={model} shown={shown.value.runs.length} search={search} change={change} />}
      <Lazily when={selection.handles.size > 0}>
        <Selected
          model={model}
          view={search.view}
          selection={selection}
          actions={actions}
          columns={columns.layout.columns}
          title={title}
          compare={compare}
          ask={setAsking}
          only={(ids) => change({ top: 0, also: ids, hidden: [], tab: "charts" }, { push: true })}
        />
      </Lazily>
      <Lazily when={panel}>
        <ColumnsPanel of={of} columns={columns} open={panel} onClose={() => setPanel(false)} />
      </Lazily>
      <Lazily when={head.open !== null}>
        <HeadMenu
          open={head.open}
          columns={columns}
          groupedBy={search.by}
          onSort={head.sort}
          onFilter={startFilter}
          onGroup={group}
          onClose={head.close}
        />
      </Lazily>
      <Lazily when={cell !== null}>
        <CellMenu
          open={cell}
          onFilter={(term) => change({ filter: withTerm(search.filter, term) }, { push: true })}
          onGroup={group}
          onClose={() => setCell(null)}
        />
      </Lazily>
      <Lazily when={color !== null}>
        <ColorMenu
          at={color?.at ?? null}
          onChoose={(chosen) => {
            const row = color && model.rows.get(color.handle);
            if (row) actions.color(row.runId, chosen);
          }}
          onClose={() => setColor(null)}
        />
      </Lazily>
      <Lazily when={asking !== null}>
        <Dialogs asking={asking} actions={actions} onClose={() => setAsking(null)} />
      </Lazily>
    </ShownRunsProvider>
  );
}
