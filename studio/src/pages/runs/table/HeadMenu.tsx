/** What can be done with a column. */
import { Menu } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowLeft,
  IconArrowRight,
  IconArrowUp,
  IconColumns,
  IconEyeOff,
  IconFilter,
  IconPin,
  IconStack2,
} from "@tabler/icons-react";
import { FloatingMenu } from "@/components/FloatingMenu";
import { better, type Column, NAME, type ShownStat, STATS } from "@/lib/run-columns";
import { nameOf } from "@/lib/run-filter";
import type { Columns } from "@/pages/runs/columns/use-columns";

export function HeadMenu({
  open,
  columns,
  groupedBy,
  onSort,
  onFilter,
  onGroup,
  onClose,
}: {
  open: { column: Column; at: HTMLElement } | null;
  columns: Columns;
  groupedBy: readonly string[];
  onSort: (id: string, down: boolean | null) => void;
  onFilter: (start: string) => void;
  onGroup: (id: string) => void;
  onClose: () => void;
}) {
  const column = open?.column;
  const place = column ? columns.ids.indexOf(column.id) : -1;
  const width = column
    ? (columns.layout.widths[columns.layout.columns.findIndex((one) => one.id === column.id)] ?? 0)
    : 0;
  const name = column ? nameOf(column) : null;
  const icon = { size: 15, "aria-hidden": true } as const;
  return (
    <FloatingMenu at={open?.at ?? null} label="Column" onClose={onClose}>
      {column && (
        <>
          {name !== null && (
            <>
              <Menu.Item leftSection={<IconArrowUp {...icon} />} onClick={() => onSort(column.id, false)}>
                Sort, smallest first
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowDown {...icon} />} onClick={() => onSort(column.id, true)}>
                Sort, largest first
              </Menu.Item>
              <Menu.Item leftSection={<IconFilter {...icon} />} onClick={() => onFilter(`${name} `)}>
                Filter by it …
              </Menu.Item>
            </>
          )}
          {(column.kind === "param" || column.kind === "tag") && (
            <Menu.Item leftSection={<IconStack2 {...icon} />} onClick={() => onGroup(column.id)}>
              {groupedBy.includes(column.id) ? "Group no longer by it" : "Group by it"}
            </Menu.Item>
          )}
          {column.kind === "metric" && (
            <>
              <Menu.Divider />
              <Menu.Label>Show its</Menu.Label>
              <Menu.RadioGroup
                value={column.stat}
                onChange={(stat) => columns.stat(column, stat as ShownStat)}
              >
                {(Object.keys(STATS) as ShownStat[]).map((stat) => (
                  <Menu.RadioItem key={stat} value={stat} closeMenuOnClick>
                    {stat === "best" ? `best (${better(column.key)})` : STATS[stat]}
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
            </>
          )}
          {column.id !== NAME && (
            <>
              {name !== null && <Menu.Divider />}
              <Menu.Item leftSection={<IconPin {...icon} />} onClick={() => columns.pin(column.id)}>
                {columns.isPinned(column.id) ? "Unpin" : "Pin at the left"}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowLeft {...icon} />}
                disabled={place <= 0}
                onClick={() => columns.move(column.id, columns.ids[place - 1] ?? null)}
              >
                Move to the left
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowRight {...icon} />}
                disabled={place < 0 || place >= columns.ids.length - 1}
                onClick={() => columns.move(column.id, columns.ids[place + 2] ?? null)}
              >
                Move to the right
              </Menu.Item>
            </>
          )}
          <Menu.Item
            leftSection={<IconColumns {...icon} />}
            closeMenuOnClick={false}
            onClick={() => columns.resize(column.id, width + 40, true)}
          >
            Wider
          </Menu.Item>
          <Menu.Item
            leftSection={<IconColumns {...icon} />}
            closeMenuOnClick={false}
            onClick={() => columns.resize(column.id, width - 40, true)}
          >
            Narrower
          </Menu.Item>
          {column.id !== NAME && (
            <Menu.Item leftSection={<IconEyeOff {...icon} />} onClick={() => columns.toggle(column.id)}>
              Hide
            </Menu.Item>
          )}
        </>
      )}
    </FloatingMenu>
  );
}
