/** Files as a tree. Arrows move and open, Enter shows. Only rows in sight are made. */
import {
  IconChevronRight,
  IconFile,
  IconFileText,
  IconFolder,
  IconMovie,
  IconMusic,
  IconPhoto,
  IconTable,
} from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { TreeRow } from "@/components/artifacts/use-tree";
import { type FileKind, folderOf, kindOf, nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";

const ROW = 28;
const KEYS = new Set(["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "Enter"]);
const ICONS: Partial<Record<FileKind, typeof IconFile>> = {
  image: IconPhoto,
  video: IconMovie,
  audio: IconMusic,
  table: IconTable,
  parquet: IconTable,
  unknown: IconFile,
};

interface TreeProps {
  rows: TreeRow[];
  selected: string;
  label: string;
  select: (path: string) => void;
  turn: (path: string, open: boolean) => void;
}

export function Tree({ rows, selected, label, select, turn }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const place = rows.findIndex((row) => row.entry.path === selected);
  const moved = useRef(false);
  useEffect(() => {
    if (place >= 0 && moved.current) virtual.scrollToIndex(place);
    moved.current = false;
  }, [place, virtual]);
  const to = (next: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    if (!row) return;
    moved.current = true;
    select(row.entry.path);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[place];
    if (event.ctrlKey || event.metaKey || !KEYS.has(event.key)) return;
    event.preventDefault();
    if (event.key === "ArrowDown") to(place + 1);
    else if (event.key === "ArrowUp") to(place - 1);
    else if (event.key === "Home") to(0);
    else if (event.key === "End") to(rows.length - 1);
    else if (!row) to(0);
    else if (event.key === "Enter") turn(row.entry.path, row.open === false);
    else if (event.key === "ArrowRight") {
      if (row.open === false) turn(row.entry.path, true);
      else to(place + 1);
    } else if (row.open) turn(row.entry.path, false);
    else to(rows.findIndex((one) => one.entry.path === folderOf(row.entry.path)));
  };
  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={place >= 0 ? `file-${place}` : undefined}
      className={classes.tree}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          const { path, size } = row.entry;
          const Icon = row.open !== null ? IconFolder : (ICONS[kindOf(path)] ?? IconFileText);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys of all its rows
            // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and names the active row
            <div
              key={path}
              id={`file-${item.index}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-selected={path === selected}
              {...(row.open === null ? {} : { "aria-expanded": row.open })}
              className={classes.row}
              style={{ transform: `translateY(${item.start}px)`, paddingLeft: 8 + row.depth * 14 }}
              onClick={() => {
                select(path);
                if (row.open !== null) turn(path, path === selected ? !row.open : true);
              }}
            >
              <IconChevronRight
                size={13}
                aria-hidden
                className={`${classes.chevron} ${row.open ? classes.open : ""}`}
                style={row.open === null ? { visibility: "hidden" } : {}}
              />
              <Icon size={15} aria-hidden className={classes.icon} />
              <span className="ellipsis" title={nameOf(path)}>
                {row.name}
              </span>
              {size !== null && <span className={classes.size}>{bytes(size)}</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}
