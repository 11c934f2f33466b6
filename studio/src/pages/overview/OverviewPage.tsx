import { Button, Group, SimpleGrid } from "@mantine/core";
import { IconDownload, IconFlask } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { overviewQuery } from "@/api/overview";
import { workspaceQuery } from "@/api/workspaces";
import { Copy } from "@/components/Copy";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { configFile, download } from "@/lib/config-file";
import { Connect } from "@/pages/overview/Connect";
import { Counts } from "@/pages/overview/Counts";
import { Details } from "@/pages/overview/Details";
import { RecentRuns } from "@/pages/overview/RecentRuns";

/** A workspace at a glance: what runs, what failed, and how one connects. */
export function OverviewPage() {
  const { workspace } = useParams({ from: "/inside/workspaces/$workspace/" });
  const client = useQueryClient();
  const found = useQuery(workspaceQuery(workspace));
  const { data: overview } = useQuery(overviewQuery(workspace));
  useLive(workspace, () => {
    client.invalidateQueries({ queryKey: ["overview", workspace] });
  });
  if (found.isPending) return <Waiting label="Loading the workspace" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const details = found.data;
  return (
    <Page
      title={details.friendly_name || details.name}
      beside={<Copy text={details.name} what="Copy the name" />}
      actions={
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<IconDownload size={15} />}
            onClick={() => download("config.json", configFile(details, location.origin))}
          >
            Download config.json
          </Button>
          <Button
            component={Link}
            to={`/workspaces/${encodeURIComponent(workspace)}/experiments`}
            leftSection={<IconFlask size={15} />}
          >
            Experiments
          </Button>
        </Group>
      }
    >
      <Counts overview={overview} />
      <SimpleGrid cols={{ base: 1, md: 3 }} spacing="md" mb="md">
        <RecentRuns
          workspace={workspace}
          runs={overview?.latest}
          title="Latest runs"
          empty="No run yet. Connect a script, below."
        />
        <RecentRuns
          workspace={workspace}
          runs={overview?.running}
          title="Running now"
          empty="Nothing runs at the moment."
        />
        <RecentRuns
          workspace={workspace}
          runs={overview?.failed}
          title="Failed in the last 7 days"
          empty="Nothing failed."
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Connect workspace={details} />
        <Details workspace={details} />
      </SimpleGrid>
    </Page>
  );
}
