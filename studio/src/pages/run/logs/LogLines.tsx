/** The lines of a log, of which only those in sight are made. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Pieces } from "@/components/artifacts/Ansi";
import { ansiLine } from "@/lib/ansi";
import { marked } from "@/lib/marked";
import classes from "@/pages/run/logs/logs.module.css";

const LINE = 19;
const NEAR = 40;

interface LinesProps {
  lines: readonly string[];
  /** Which lines are shown; null: all. */
  places: readonly number[] | null;
  /** In small letters. */
  wanted: string;
  /** The line of the match that is looked at. */
  current: number | null;
  wrap: boolean;
  follow: boolean;
  /** Somebody scrolled away from the end. */
  onLeave: () => void;
  name: string;
}

export function LogLines(props: LinesProps) {
  const { lines, places, wanted, current, wrap, follow, onLeave, name } = props;
  const box = useRef<HTMLElement>(null);
  const last = useRef(0);
  const count = places?.length ?? lines.length;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 30,
  });
  const total = virtual.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what grows moves the end
  useEffect(() => {
    if (follow && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
  }, [follow, count, total]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when another match is looked at
  useEffect(() => {
    if (current === null || follow) return;
    const place = places ? places.indexOf(current) : current;
    if (place >= 0) virtual.scrollToIndex(place, { align: "center" });
  }, [current, follow, wanted]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines have other heights then
  useEffect(() => virtual.measure(), [wrap]);
  return (
    <section
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={`Lines of ${name}`}
      className={`${classes.lines} ${wrap ? classes.wrap : ""}`}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        const up = scrollTop < last.current - 1;
        last.current = scrollTop;
        if (follow && up && scrollHeight - clientHeight - scrollTop > NEAR) onLeave();
      }}
    >
      {count === 0 && <p className="quiet">{places ? "No line has that." : "Nothing was written yet."}</p>}
      <div style={{ height: total, position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const place = places ? places[item.index]! : item.index;
          const { pieces } = ansiLine(lines[place] ?? "");
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={wrap ? virtual.measureElement : undefined}
              className={`${classes.line} ${place === current && wanted ? classes.current : ""}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {wanted === "" ? (
                <Pieces pieces={pieces} />
              ) : (
                marked(pieces, wanted).map((one, i) =>
                  one.hit ? (
                    <mark key={String(i)}>{one.pieces.map((piece) => piece.text).join("")}</mark>
                  ) : (
                    <Pieces key={String(i)} pieces={one.pieces} />
                  ),
                )
              )}
            </div>
          );
        })}
      </div>
    </section>
  );
}
