/** The columns that are shown, in order: moved by drag or by keys, pinned, taken away. */
import { ActionIcon } from "@mantine/core";
import { IconGripVertical, IconPin, IconPinnedFilled, IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { statOf, titleOf } from "@/lib/run-columns";
import classes from "@/pages/runs/columns/ColumnsPanel.module.css";
import { type Columns, columnsOf } from "@/pages/runs/columns/use-columns";

const DRAGGED = "application/x-runyard-column";

export function ShownColumns({ columns }: { columns: Columns }) {
  const [over, setOver] = useState<string | null>(null);
  const shown = columnsOf(columns.ids);
  const onKeyDown = (event: KeyboardEvent, place: number) => {
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    const id = columns.ids[place];
    if (step === 0 || id === undefined) return;
    event.preventDefault();
    const before = step < 0 ? columns.ids[place - 1] : (columns.ids[place + 2] ?? null);
    if (before !== undefined) columns.move(id, before);
  };
  return (
    <ol className={classes.list} aria-label="Shown columns">
      {shown.map((column, place) => {
        const title = titleOf(column);
        const pinned = columns.isPinned(column.id);
        return (
          <li
            key={column.id}
            className={`${classes.one} ${over === column.id ? classes.over : ""}`}
            onDragOver={(event) => {
              if (!event.dataTransfer.types.includes(DRAGGED)) return;
              event.preventDefault();
              setOver(column.id);
            }}
            onDragLeave={() => setOver(null)}
            onDrop={(event) => {
              event.preventDefault();
              setOver(null);
              columns.move(event.dataTransfer.getData(DRAGGED), column.id);
            }}
          >
            <button
              type="button"
              className={classes.grip}
              draggable
              onDragStart={(event) => event.dataTransfer.setData(DRAGGED, column.id)}
              onKeyDown={(event) => onKeyDown(event, place)}
              aria-label={`Move ${title}: arrow up or down`}
              title="Drag, or press arrow up or down"
            >
              <IconGripVertical size={15} />
            </button>
            <span className={`${classes.text} ellipsis`} title={title}>
              {title}
            </span>
            <span className={classes.kind}>
              {statOf(column) || (column.kind === "attribute" ? "" : column.kind)}
            </span>
            <ActionIcon
              size="sm"
              aria-label={`Pin ${title}`}
              aria-pressed={pinned}
              onClick={() => columns.pin(column.id)}
            >
              {pinned ? <IconPinnedFilled size={14} /> : <IconPin size={14} />}
            </ActionIcon>
            <ActionIcon size="sm" aria-label={`Hide ${title}`} onClick={() => columns.toggle(column.id)}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        );
      })}
    </ol>
  );
}
