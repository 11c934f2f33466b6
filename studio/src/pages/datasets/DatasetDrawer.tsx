import { Badge, Button, Drawer, Group, Select, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  archiveDataset,
  type Dataset,
  datasetQuery,
  reactivateDataset,
  unregisterDataset,
} from "@/api/datasets";
import { useMay } from "@/api/may";
import { Confirm } from "@/components/Confirm";
import { CodeToCopy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { useSay } from "@/components/notices";
import { Broken, Waiting } from "@/components/states";
import { stepText } from "@/pages/datasets/step-text";

/** One dataset: a version of it, where its files are, how they are read. */
export function DatasetDrawer({
  workspace,
  name,
  version,
  onVersion,
  onClose,
}: {
  workspace: string;
  /** None: closed. */
  name: string | null;
  version: number | null;
  onVersion: (version: number) => void;
  onClose: () => void;
}) {
  const found = useQuery({ ...datasetQuery(workspace, name ?? "", version), enabled: name !== null });
  return (
    <Drawer
      opened={name !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={name}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {found.isPending && <Waiting label="Loading the dataset" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && (
        <Shown workspace={workspace} dataset={found.data} onVersion={onVersion} onGone={onClose} />
      )}
    </Drawer>
  );
}

function Shown({
  workspace,
  dataset,
  onVersion,
  onGone,
}: {
  workspace: string;
  dataset: Dataset;
  onVersion: (version: number) => void;
  onGone: () => unknown;
}) {
  const [asking, setAsking] = useState(false);
  const mayChange = useMay(workspace)("datasets/delete");
  const client = useQueryClient();
  const say = useSay();
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["datasets", workspace] }),
      client.invalidateQueries({ queryKey: ["dataset", workspace, dataset.name] }),
    ]);
  const work = async (task: () => Promise<unknown>, done: string, undo?: () => Promise<unknown>) => {
    try {
      await task();
      await refresh();
      say.done(done, undo && (() => void work(undo, "Undone")));
    } catch (error) {
      say.error(error);
    }
  };
  const archive = () => archiveDataset(workspace, dataset.name);
  const reactivate = () => reactivateDataset(workspace, dataset.name);
  const steps = dataset.definition.steps ?? [];
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Select
          aria-label="Version"
          w={140}
          allowDeselect={false}
          value={String(dataset.version)}
          onChange={(value) => value && onVersion(Number(value))}
          data={Array.from({ length: dataset.latest_version }, (_, i) =>
            String(dataset.latest_version - i),
          ).map((one) => ({ value: one, label: `Version ${one}` }))}
        />
        {mayChange &&
          (dataset.archived ? (
            <Button
              variant="default"
              onClick={() => work(reactivate, `${dataset.name} is in the list again`, archive)}
            >
              Take out of the archive
            </Button>
          ) : (
            <Button variant="default" onClick={() => work(archive, `Archived ${dataset.name}`, reactivate)}>
              Archive
            </Button>
          ))}
        {mayChange && (
          <Button color="red" variant="subtle" onClick={() => setAsking(true)}>
            Unregister
          </Button>
        )}
      </Group>
      {dataset.description && <Text size="sm">{dataset.description}</Text>}
      <Facts
        facts={[
          ["Kind", dataset.kind],
          ["Format", dataset.definition.format ?? ""],
          ["Time column", dataset.definition.timestamp ?? ""],
          ["Made", <Moment key="m" ms={dataset.created_ms} />],
          ["By", dataset.created_by],
          ["Id", dataset.id],
        ]}
      />
      <Group gap={4}>
        {Object.entries(dataset.tags).map(([key, value]) => (
          <Badge key={key} maw={260} title={`${key}: ${value}`}>
            {key}: {value}
          </Badge>
        ))}
      </Group>
      <div>
        <Title order={3} mb={4}>
          Files
        </Title>
        <ul style={{ margin: 0, paddingLeft: 18, overflowWrap: "anywhere" }}>
          {dataset.definition.paths.map((one) => (
            <li key={`${one.datastore} ${one.path}`}>
              {one.datastore ? (
                <>
                  <Link
                    to="/workspaces/$workspace/datastores"
                    params={{ workspace }}
                    search={{
                      name: one.datastore,
                      path: one.path.replace(/[^/]*[*?[].*$/, "").replace(/[^/]*$/, ""),
                    }}
                  >
                    {one.datastore}
                  </Link>{" "}
                  {one.path}
                </>
              ) : (
                one.path
              )}
            </li>
          ))}
        </ul>
      </div>
      {steps.length > 0 && (
        <div>
          <Title order={3} mb={4}>
            Then
          </Title>
          <ol style={{ margin: 0, paddingLeft: 18 }}>
            {steps.map((step, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: steps have an order and no names
              <li key={i}>{stepText(step)}</li>
            ))}
          </ol>
        </div>
      )}
      <CodeToCopy
        text={`from runyard import Dataset, Workspace\n\nws = Workspace.from_config()\ndata = Dataset.get_by_name(ws, ${JSON.stringify(dataset.name)}, version=${dataset.version})`}
      />
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Unregister ${dataset.name}?`}
        action="Unregister"
        onConfirm={async () => {
          try {
            await unregisterDataset(workspace, dataset.name);
            await onGone();
            await client.invalidateQueries({ queryKey: ["datasets", workspace] });
            say.done(`Unregistered ${dataset.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        All its versions go from the workspace. The files stay where they are.
      </Confirm>
    </Stack>
  );
}
