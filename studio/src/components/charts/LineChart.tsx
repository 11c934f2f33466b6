/** Lines of runs along steps, time or another metric. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import {
  type KeyboardEvent,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import type { Crosshair } from "@/components/charts/crosshair";
import classes from "@/components/charts/LineChart.module.css";
import { type Hover, Plot, type View } from "@/components/charts/plot";
import { ChartTooltip } from "@/components/charts/Tooltip";
import type { Span } from "@/lib/chart-data";

export interface LineChartHandle {
  png: () => Promise<Blob | null>;
}

export interface LineChartProps extends View {
  height: number;
  /** What is seen, in words. */
  label: string;
  crosshair: Crosshair;
  onZoom: (zoom: Span | null) => void;
  /** Where the run of a line is looked at; null: nowhere. */
  linkOf: (runId: string, experimentId: string) => string | null;
  ref?: Ref<LineChartHandle>;
}

function looks() {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { text: of("--ry-quiet"), grid: of("--ry-row"), line: of("--ry-line"), ground: of("--ry-panel") };
}

export default function LineChart(props: LineChartProps) {
  const { lines, x, logX, logY, y, calm, zoom, height, label, crosshair, onZoom, linkOf, ref } = props;
  const { ref: host, width } = useElementSize<HTMLDivElement>();
  const inner = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [pinned, setPinned] = useState<Hover | null>(null);
  const scheme = useComputedColorScheme("light");
  const view: View = { lines, x, logX, logY, y, calm, zoom };
  const latest = useRef({ view, onZoom });
  latest.current = { view, onZoom };
  const there = width > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: other axes and other colours need another plot; what else changes is told to it below
  useEffect(() => {
    if (!inner.current || !there) return;
    const made = new Plot(inner.current, { width, height }, looks(), latest.current.view, crosshair, {
      hover: setHover,
      pin: setPinned,
      // At once, so that the server is asked before what is there is painted anew.
      zoom: (next) => flushSync(() => latest.current.onZoom(next)),
    });
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [there, scheme, x, logX, logY, crosshair]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the view is made of these
  useEffect(() => plot.current?.update(view), [lines, y?.[0], y?.[1], calm, zoom?.[0], zoom?.[1]]);
  useEffect(() => {
    if (there) plot.current?.resize(width, height);
  }, [there, width, height]);
  useImperativeHandle(
    ref,
    () => ({ png: () => plot.current?.png(looks().ground) ?? Promise.resolve(null) }),
    [],
  );

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") plot.current?.move(-0.1);
    else if (event.key === "ArrowRight") plot.current?.move(0.1);
    else if (event.key === "+") plot.current?.widen(0.8);
    else if (event.key === "-") plot.current?.widen(1.25);
    else if (event.key === "Escape" && pinned) setPinned(null);
    else if (event.key === "0" || event.key === "Escape") plot.current?.reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const unpin = useCallback(() => setPinned(null), []);
  const told = pinned ?? hover;
  return (
    <div ref={host} className={classes.host} style={{ height }}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrows, plus and minus move what is seen */}
      <div ref={inner} className={classes.plot} role="img" aria-label={label} tabIndex={0} onKeyDown={keys} />
      {told && <ChartTooltip hover={told} x={x} pinned={pinned !== null} linkOf={linkOf} onClose={unpin} />}
    </div>
  );
}
