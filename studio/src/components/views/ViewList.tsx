/** What the menu of saved views shows: one's own, those of the workspace, and how to save. */
import { ActionIcon, Group, Menu, Text } from "@mantine/core";
import {
  IconBookmark,
  IconDeviceFloppy,
  IconPencil,
  IconPlus,
  IconTrash,
  IconUsers,
} from "@tabler/icons-react";
import type { View } from "@/api/views";

export function ViewList({
  views,
  error,
  current,
  from,
  open,
  remove,
  ask,
  save,
}: {
  views: View[];
  error: Error | null;
  /** The view that the page shows. */
  current: View | undefined;
  /** The view that one came from. */
  from: View | undefined;
  open: (view: View) => void;
  remove: (view: View) => void;
  /** For another name, or for a new one. */
  ask: (what: "new" | View) => void;
  save: (view: View) => void;
}) {
  const icon = { size: 15, "aria-hidden": true } as const;
  const does = { current, open, remove, change: ask };
  return (
    <>
      <div style={{ maxHeight: 360, overflowY: "auto" }}>
        <Listed title="Mine" views={views.filter((one) => !one.shared)} {...does} />
        <Listed title="Of the workspace" views={views.filter((one) => one.shared)} {...does} />
        {views.length === 0 && (
          <Text size="sm" p="xs" className="quiet">
            {error?.message ?? "No saved views yet. A view keeps filters, columns and charts under a name."}
          </Text>
        )}
      </div>
      <Menu.Divider />
      {from && !current && (
        <Menu.Item leftSection={<IconDeviceFloppy {...icon} />} onClick={() => save(from)}>
          Save changes of {from.name.slice(0, 40)}
        </Menu.Item>
      )}
      <Menu.Item leftSection={<IconPlus {...icon} />} onClick={() => ask("new")}>
        Save this view as …
      </Menu.Item>
    </>
  );
}

function Listed({
  title,
  views,
  current,
  open,
  remove,
  change,
}: {
  title: string;
  views: View[];
  current: View | undefined;
  open: (view: View) => void;
  remove: (view: View) => void;
  change: (view: View) => void;
}) {
  if (views.length === 0) return null;
  return (
    <>
      <Menu.Label>{title}</Menu.Label>
      {views.map((one) => (
        <Group key={one.id} gap={2} wrap="nowrap">
          <Menu.Item
            onClick={() => open(one)}
            leftSection={
              one.shared ? <IconUsers size={15} aria-hidden /> : <IconBookmark size={15} aria-hidden />
            }
            fw={one === current ? 650 : 400}
            aria-current={one === current ? "true" : undefined}
            style={{ minWidth: 0, flex: 1 }}
            styles={{ itemLabel: { minWidth: 0 } }}
          >
            <Text size="sm" component="div" className="ellipsis" title={one.name} fw="inherit">
              {one.name}
            </Text>
          </Menu.Item>
          <ActionIcon
            role="menuitem"
            aria-label={`Rename or share the view ${one.name}`}
            onClick={() => change(one)}
          >
            <IconPencil size={15} />
          </ActionIcon>
          <ActionIcon role="menuitem" aria-label={`Delete the view ${one.name}`} onClick={() => remove(one)}>
            <IconTrash size={15} />
          </ActionIcon>
        </Group>
      ))}
    </>
  );
}
