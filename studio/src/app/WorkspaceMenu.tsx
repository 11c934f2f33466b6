import { Button, Menu, ScrollArea, Text } from "@mantine/core";
import { IconChevronDown, IconServer } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { workspacesQuery } from "@/api/workspaces";
import classes from "@/app/Shell.module.css";

/** Which workspace it is, and the others. */
export function WorkspaceMenu({ workspace }: { workspace: string }) {
  const { data } = useQuery(workspacesQuery());
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />} className={classes.workspace!}>
          <span className="ellipsis">{workspace}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Workspaces</Menu.Label>
        <ScrollArea.Autosize mah={320}>
          {data?.items.map((one) => (
            <Menu.Item key={one.guid} component={Link} to={`/workspaces/${encodeURIComponent(one.name)}`}>
              <Text size="sm">{one.name}</Text>
              {one.description && (
                <Text size="xs" className="quiet ellipsis">
                  {one.description}
                </Text>
              )}
            </Menu.Item>
          ))}
        </ScrollArea.Autosize>
        <Menu.Divider />
        <Menu.Item component={Link} to="/" leftSection={<IconServer size={15} />}>
          All workspaces
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
