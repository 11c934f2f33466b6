import { Badge, Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Workspace } from "@/api/workspaces";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import classes from "@/pages/overview/overview.module.css";

/** What is known of a workspace. */
export function Details({ workspace }: { workspace: Workspace }) {
  const facts: [string, ReactNode][] = [
    ["Name", workspace.name],
    ["Resource group", workspace.group],
    ["Subscription", <Copied key="s" text={workspace.subscription} />],
    ["Workspace id", <Copied key="g" text={workspace.guid} />],
    ["Default datastore", workspace.default_datastore],
    ["Location", workspace.location],
    ["Made", <Moment key="m" ms={workspace.created_ms} />],
    ["Made by", workspace.created_by],
  ];
  const tags = Object.entries(workspace.tags);
  return (
    <section className={`panel ${classes.box}`} aria-label="Details">
      <Title order={2} mb={8}>
        Details
      </Title>
      {workspace.description && (
        <Text size="sm" mb="sm" style={{ overflowWrap: "anywhere" }}>
          {workspace.description}
        </Text>
      )}
      <Facts facts={facts} />
      {tags.length > 0 && (
        <Group gap={6} mt="sm">
          {tags.map(([key, value]) => (
            <Badge key={key}>
              {key}: {value}
            </Badge>
          ))}
        </Group>
      )}
    </section>
  );
}

function Copied({ text }: { text: string }) {
  return (
    <>
      <span>{text}</span>
      <Copy text={text} />
    </>
  );
}
