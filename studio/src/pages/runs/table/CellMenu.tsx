/** What can be done with the value of a cell: filter by it, copy it, group by its column. */
import { Menu, Text } from "@mantine/core";
import { IconCopy, IconFilter, IconStack2 } from "@tabler/icons-react";
import { FloatingMenu } from "@/components/FloatingMenu";
import { number } from "@/lib/format";
import { type Column, titleOf } from "@/lib/run-columns";
import { quickFilters } from "@/lib/run-filter";
import type { Cell } from "@/pages/runs/data/rows";

export interface OpenCell {
  column: Column;
  value: Cell;
  at: HTMLElement;
}

export function CellMenu({
  open,
  onFilter,
  onGroup,
  onClose,
}: {
  open: OpenCell | null;
  onFilter: (term: string) => void;
  onGroup: (id: string) => void;
  onClose: () => void;
}) {
  const value = open?.value ?? null;
  const filters = open ? quickFilters(open.column, value) : [];
  return (
    <FloatingMenu at={open?.at ?? null} label="Cell" width={260} onClose={onClose}>
      {open && (
        <>
          <Menu.Label>
            <Text size="xs" component="span" lineClamp={3} style={{ overflowWrap: "anywhere" }}>
              {titleOf(open.column)}:{" "}
              {value === null ? "none" : typeof value === "number" ? number(value) : value}
            </Text>
          </Menu.Label>
          {filters.map((one) => (
            <Menu.Item
              key={one.term}
              leftSection={<IconFilter size={15} aria-hidden />}
              onClick={() => onFilter(one.term)}
            >
              Only runs where it{" "}
              {one.says.startsWith("≥") || one.says.startsWith("≤") ? `is ${one.says}` : one.says}
            </Menu.Item>
          ))}
          {(open.column.kind === "param" || open.column.kind === "tag") && (
            <Menu.Item
              leftSection={<IconStack2 size={15} aria-hidden />}
              onClick={() => onGroup(open.column.id)}
            >
              Group by {titleOf(open.column)}
            </Menu.Item>
          )}
          {value !== null && (
            <Menu.Item
              leftSection={<IconCopy size={15} aria-hidden />}
              onClick={() => navigator.clipboard?.writeText(String(value))}
            >
              Copy
            </Menu.Item>
          )}
        </>
      )}
    </FloatingMenu>
  );
}
