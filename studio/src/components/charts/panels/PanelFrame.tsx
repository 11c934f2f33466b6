/** The frame of a chart that somebody added: what it is made of above it, how to move and remove it in its menu. */
import { Menu } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconDownload, IconTable, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useCallback, useState } from "react";
import { ChartCard } from "@/components/charts/ChartCard";
import { Filling } from "@/components/charts/Filling";
import { useInView } from "@/components/charts/in-view";
import { HIGH, type Shared } from "@/components/charts/MetricChart";
import classes from "@/components/charts/panels/panels.module.css";
import type { Values } from "@/components/charts/panels/use-values";
import { useSay } from "@/components/notices";
import { freshId, movedPanel, type Panel, WIDE_KINDS, withSettings } from "@/lib/chart-state";
import { download } from "@/lib/config-file";

export interface PanelProps {
  shared: Shared;
  panel: Panel;
}

/** Changes one panel of the state. */
export function usePanel({ shared, panel }: PanelProps) {
  const { state, change } = shared;
  const say = useSay();
  const own = state.each[`#${panel.id}`] ?? {};
  return {
    own,
    set: (part: Partial<typeof own>) => change({ each: withSettings(state, `#${panel.id}`, part).each }),
    setOf: (of: string[]) =>
      change({ panels: state.panels.map((one) => (one.id === panel.id ? { ...one, of } : one)) }),
    move: (by: number) => change({ panels: movedPanel(state.panels, panel.id, by) }),
    remove: () => {
      change({ panels: state.panels.filter((one) => one.id !== panel.id) });
      say.done("The chart is removed.", () =>
        change({
          panels: [
            ...state.panels.filter((one) => one.id !== panel.id),
            { ...panel, id: freshId(state.panels) },
          ],
        }),
      );
    },
  };
}

/** Items of the menu that every added chart has. */
export function PanelItems({ move, remove }: { move: (by: number) => void; remove: () => void }) {
  return (
    <>
      <Menu.Item leftSection={<IconArrowLeft size={15} aria-hidden />} onClick={() => move(-1)}>
        Move ahead
      </Menu.Item>
      <Menu.Item leftSection={<IconArrowRight size={15} aria-hidden />} onClick={() => move(1)}>
        Move back
      </Menu.Item>
      <Menu.Item leftSection={<IconTrash size={15} aria-hidden />} onClick={remove}>
        Remove
      </Menu.Item>
      <Menu.Divider />
    </>
  );
}

export function PanelFrame({
  shared,
  panel,
  title,
  pickers,
  values,
  ready,
  hint,
  text,
  csv,
  table,
  children,
}: PanelProps & {
  title: string;
  /** What it is made of. */
  pickers: ReactNode;
  values?: Values;
  /** Everything it needs is chosen. */
  ready: boolean;
  /** What is missing when it is not. */
  hint: string;
  /** What is seen, in words. */
  text: string;
  csv?: () => string;
  /** The same as a table. */
  table?: ReactNode;
  children: (size: { seen: boolean; height: number; width: number }) => ReactNode;
}) {
  const [card, seen] = useInView<HTMLElement>();
  const { own, set, move, remove } = usePanel({ shared, panel });
  const wide = Math.min(own.wide ?? (WIDE_KINDS.has(panel.kind) ? 2 : 1), shared.columns);
  const height = own.high ?? HIGH[shared.state.size];
  const [pickersHeight, setHeight] = useState(pickers ? 38 : 0);
  const measured = useCallback((element: HTMLDivElement | null) => {
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.offsetHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const body = height - pickersHeight;
  return (
    <ChartCard
      ref={card}
      title={title}
      height={height}
      wide={wide}
      columns={shared.columns}
      foot={text}
      onSize={set}
      menu={
        <>
          <PanelItems move={move} remove={remove} />
          {table && (
            <Menu.Item
              leftSection={<IconTable size={15} aria-hidden />}
              onClick={() => set({ table: !own.table })}
            >
              {own.table ? "Show as chart" : "Show as table"}
            </Menu.Item>
          )}
          {csv && ready && (
            <Menu.Item
              leftSection={<IconDownload size={15} aria-hidden />}
              onClick={() => download("chart.csv", csv(), "text/csv")}
            >
              Download CSV
            </Menu.Item>
          )}
        </>
      }
    >
      {pickers && (
        <div className={classes.pickers} ref={measured}>
          {pickers}
        </div>
      )}
      <div style={{ height: body }}>
        {!ready ? (
          <Filling empty={hint} />
        ) : values && (values.waiting || values.error) ? (
          <Filling waiting={values.waiting} error={values.error} again={values.again} />
        ) : own.table && table ? (
          table
        ) : (
          seen && children({ seen, height: body, width: shared.width * wide + (wide - 1) * 10 - 18 })
        )}
      </div>
    </ChartCard>
  );
}
