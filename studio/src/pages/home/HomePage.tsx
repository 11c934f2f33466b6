import { Group, SimpleGrid, Text, TextInput } from "@mantine/core";
import { IconSearch, IconServer } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { workspacePagesQuery } from "@/api/workspaces";
import { useShortcuts } from "@/app/shortcuts";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { WorkspaceCard } from "@/pages/home/WorkspaceCard";

const FOR_SEARCH = 7;

/** The workspaces that one may see, and what goes on in them. */
export function HomePage() {
  const [text, setText] = useState("");
  const found = useInfiniteQuery(workspacePagesQuery());
  useShortcuts([
    { keys: "/", does: "Search workspaces", run: () => document.getElementById("workspace-search")?.focus() },
  ]);
  if (found.isPending) return <Waiting label="Loading workspaces" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const all = found.data.pages.flatMap((page) => page.items);
  const wanted = text.trim().toLowerCase();
  const shown = all.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(wanted));
  return (
    <Page title="Workspaces">
      {all.length >= FOR_SEARCH && (
        <TextInput
          id="workspace-search"
          aria-label="Search workspaces"
          placeholder="Search workspaces"
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maw={320}
          mb="md"
        />
      )}
      {all.length === 0 && (
        <Empty title="No workspace is open to you" icon={<IconServer size={28} />}>
          Ask somebody who owns one to give you a role in it, or make one:{" "}
          <code>runyard workspace create NAME</code>
        </Empty>
      )}
      {all.length > 0 && shown.length === 0 && <Empty title={`No workspace has “${text}” in its name`} />}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
        {shown.map((one) => (
          <WorkspaceCard key={one.guid} workspace={one} />
        ))}
      </SimpleGrid>
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <Text size="xs" className="quiet" mt="lg">
        Press <kbd>?</kbd> on any page for its keys.
      </Text>
    </Page>
  );
}
