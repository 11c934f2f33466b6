import { Tabs, Text, Title } from "@mantine/core";
import type { Workspace } from "@/api/workspaces";
import { CodeToCopy } from "@/components/Copy";
import { trackingUri, ways } from "@/lib/connecting";
import classes from "@/pages/overview/overview.module.css";

/** How each client reaches the workspace. */
export function Connect({ workspace }: { workspace: Workspace }) {
  const found = ways(location.origin, workspace.name);
  return (
    <section className={`panel ${classes.box}`} aria-label="Connect">
      <Title order={2} mb={8}>
        Connect
      </Title>
      <Text size="xs" className="quiet" mb={4}>
        Tracking URI
      </Text>
      <CodeToCopy text={trackingUri(location.origin, workspace.name)} what="Copy the tracking URI" />
      <Tabs defaultValue={found[0]!.name} mt="md" keepMounted={false}>
        <Tabs.List>
          {found.map((one) => (
            <Tabs.Tab key={one.name} value={one.name}>
              {one.name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {found.map((one) => (
          <Tabs.Panel key={one.name} value={one.name} pt="sm">
            <Text size="sm" className="quiet" mb="xs">
              {one.note}
            </Text>
            <CodeToCopy text={one.text} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}
