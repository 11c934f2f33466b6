/** What all charts of a page have in common: what is looked for, the x axis, smoothing, sizes. */
import { Button, Checkbox, Popover, SegmentedControl, Select, Slider, TextInput } from "@mantine/core";
import { IconAdjustments, IconSearch, IconZoomReset } from "@tabler/icons-react";
import { type ReactNode, useMemo, useRef } from "react";
import { useShortcuts } from "@/app/shortcuts";
import classes from "@/components/charts/charts.module.css";
import type { ChangeCharts } from "@/components/charts/use-charts-state";
import { type ChartsState, SMOOTHEST, type XAxis } from "@/lib/chart-state";

export function Toolbar({
  state,
  change,
  metrics,
  grouped,
  add,
}: {
  state: ChartsState;
  change: ChangeCharts;
  metrics: readonly string[];
  /** The table is grouped: one may draw groups or each run. */
  grouped: boolean;
  /** The button for another chart. */
  add?: ReactNode;
}) {
  const find = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: "/", does: "Find charts", run: () => find.current?.focus() },
    { keys: "0", does: "Show the whole x axis", run: () => change({ zoom: null }) },
  ]);
  return (
    <div className={classes.toolbar} role="toolbar" aria-label="Charts">
      <TextInput
        ref={find}
        className={classes.find!}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder="Find metrics: words, or /pattern/"
        aria-label="Find metrics"
        value={state.find}
        onChange={(event) => change({ find: event.currentTarget.value })}
      />
      <AxisSelect state={state} change={change} metrics={metrics} />
      <Smoothing state={state} change={change} />
      {grouped && (
        <SegmentedControl
          aria-label="What is drawn"
          data={[
            { value: "groups", label: "Groups" },
            { value: "single", label: "Each run" },
          ]}
          value={state.single ? "single" : "groups"}
          onChange={(value) => change({ single: value === "single" })}
        />
      )}
      <Looks state={state} change={change} />
      <Button
        variant="default"
        leftSection={<IconZoomReset size={14} aria-hidden />}
        disabled={state.zoom === null}
        onClick={() => change({ zoom: null })}
      >
        Show all
      </Button>
      {add}
    </div>
  );
}

const AXES = [
  { value: "step", label: "Step" },
  { value: "time", label: "Time" },
  { value: "relative", label: "Time since start" },
];
const MOST_METRICS = 300;

function AxisSelect({
  state,
  change,
  metrics,
}: {
  state: ChartsState;
  change: ChangeCharts;
  metrics: readonly string[];
}) {
  const data = useMemo(() => {
    const named = metrics.map((one) => ({ value: `metric:${one}`, label: one }));
    if (state.x.startsWith("metric:") && !metrics.includes(state.x.slice(7)))
      named.unshift({ value: state.x, label: state.x.slice(7) });
    return [
      { group: "X axis", items: AXES },
      { group: "Another metric", items: named },
    ];
  }, [metrics, state.x]);
  return (
    <Select
      aria-label="X axis"
      w={150}
      data={data}
      value={state.x}
      searchable
      limit={MOST_METRICS}
      allowDeselect={false}
      onChange={(value) => value && change({ x: value as XAxis, zoom: null })}
    />
  );
}

function Smoothing({ state, change }: { state: ChartsState; change: ChangeCharts }) {
  return (
    <div className={classes.smooth}>
      <span id="smoothing" className="quiet">
        Smoothing
      </span>
      <Slider
        className={classes.slider!}
        size="sm"
        min={0}
        max={SMOOTHEST}
        step={0.001}
        value={state.smooth}
        label={(value) => value.toFixed(value > 0.9 ? 3 : 2)}
        thumbProps={{ "aria-labelledby": "smoothing" }}
        onChange={(value) => change({ smooth: value })}
      />
    </div>
  );
}

function Looks({ state, change }: { state: ChartsState; change: ChangeCharts }) {
  return (
    <Popover position="bottom-start" withinPortal trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconAdjustments size={14} aria-hidden />}>
          Looks
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.board}>
          <SegmentedControl
            aria-label="Size of charts"
            data={[
              { value: "s", label: "Small" },
              { value: "m", label: "Medium" },
              { value: "l", label: "Large" },
            ]}
            value={state.size}
            onChange={(value) => change({ size: value as ChartsState["size"] })}
          />
          <SegmentedControl
            aria-label="Kind of smoothing"
            data={[
              { value: "ema", label: "Moving average" },
              { value: "gauss", label: "Gaussian" },
            ]}
            value={state.how}
            onChange={(value) => change({ how: value as ChartsState["how"] })}
          />
          <Checkbox
            size="xs"
            label="Logarithmic x axis"
            checked={state.logX}
            disabled={state.x === "time"}
            onChange={(event) => change({ logX: event.currentTarget.checked, zoom: null })}
          />
          <Checkbox
            size="xs"
            label="Leave far values out of the y axis"
            checked={state.calm}
            onChange={(event) => change({ calm: event.currentTarget.checked })}
          />
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
