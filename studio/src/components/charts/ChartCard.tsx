/** The frame of a chart: its name, what one can do with it, its size. Its height never depends on what is in it. */
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDots, IconPin, IconPinnedFilled } from "@tabler/icons-react";
import { type ReactNode, type Ref, useRef, useState } from "react";
import classes from "@/components/charts/charts.module.css";
import { HEIGHTS } from "@/lib/chart-state";

export interface CardProps {
  title: string;
  /** Beside the title. */
  note?: ReactNode;
  /** Under the chart: how many points and runs. */
  foot: ReactNode;
  height: number;
  wide: number;
  columns: number;
  pinned?: boolean;
  onPin?: () => void;
  /** Items of the menu. */
  menu: ReactNode;
  onSize: (size: { high?: number; wide?: number }) => void;
  /** Between the title and the chart. */
  above?: ReactNode;
  children: ReactNode;
  ref?: Ref<HTMLElement>;
}

export function ChartCard(props: CardProps) {
  const { title, note, foot, height, wide, columns, pinned, onPin, menu, onSize, above, children, ref } =
    props;
  const [dragged, setDragged] = useState<number | null>(null);
  const span = Math.min(wide, columns);
  return (
    <section
      ref={ref}
      className={`panel ${classes.card}`}
      style={{ gridColumn: `span ${span}`, minHeight: (dragged ?? height) + 62 }}
      aria-label={title}
    >
      <header className={classes.cardHead}>
        <h3 className={`ellipsis ${classes.cardTitle}`} title={title}>
          {title}
        </h3>
        {note}
        {onPin && (
          <Tooltip label={pinned ? "Unpin" : "Pin to the top"}>
            <ActionIcon
              size="sm"
              onClick={onPin}
              aria-pressed={pinned}
              aria-label={`${pinned ? "Unpin" : "Pin"} ${title}`}
            >
              {pinned ? <IconPinnedFilled size={14} /> : <IconPin size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
        <Menu position="bottom-end" withinPortal width={210}>
          <Menu.Target>
            <ActionIcon size="sm" aria-label={`More of ${title}`}>
              <IconDots size={15} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {menu}
            <Menu.Divider />
            <SizeItems height={height} wide={span} columns={columns} onSize={onSize} />
          </Menu.Dropdown>
        </Menu>
      </header>
      {above}
      <div style={{ height: dragged ?? height }}>{children}</div>
      <footer className={classes.cardFoot}>{foot}</footer>
      <Corner height={height} onDrag={setDragged} onDone={(high) => onSize({ high })} />
    </section>
  );
}

const STEP = 80;

function SizeItems({
  height,
  wide,
  columns,
  onSize,
}: {
  height: number;
  wide: number;
  columns: number;
  onSize: CardProps["onSize"];
}) {
  return (
    <>
      <Menu.Item disabled={wide >= columns} onClick={() => onSize({ wide: wide + 1 })}>
        Wider
      </Menu.Item>
      <Menu.Item disabled={wide <= 1} onClick={() => onSize({ wide: wide - 1 })}>
        Narrower
      </Menu.Item>
      <Menu.Item disabled={height >= HEIGHTS.most} onClick={() => onSize({ high: bounded(height + STEP) })}>
        Higher
      </Menu.Item>
      <Menu.Item disabled={height <= HEIGHTS.least} onClick={() => onSize({ high: bounded(height - STEP) })}>
        Lower
      </Menu.Item>
    </>
  );
}

const bounded = (height: number) => Math.round(Math.max(HEIGHTS.least, Math.min(HEIGHTS.most, height)));

/** Pulled down or up it makes the chart higher or lower; the menu does the same for the keyboard. */
function Corner({
  height,
  onDrag,
  onDone,
}: {
  height: number;
  onDrag: (height: number | null) => void;
  onDone: (height: number) => void;
}) {
  const start = useRef<number | null>(null);
  const at = (event: { clientY: number }) =>
    bounded(height + event.clientY - (start.current ?? event.clientY));
  return (
    <div
      className={classes.corner}
      aria-hidden
      onPointerDown={(event) => {
        start.current = event.clientY;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (start.current !== null) onDrag(at(event));
      }}
      onPointerUp={(event) => {
        if (start.current === null) return;
        const high = at(event);
        start.current = null;
        onDrag(null);
        onDone(high);
      }}
    />
  );
}
