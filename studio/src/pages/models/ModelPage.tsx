import { Badge, Button, Group, Menu, Tabs } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useMay } from "@/api/may";
import {
  deleteModel,
  deleteModelTag,
  describeModel,
  modelQuery,
  renameModel,
  setModelTag,
  versionsQuery,
} from "@/api/models";
import { Confirm } from "@/components/Confirm";
import { CodeToCopy, Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Notes } from "@/components/Notes";
import { useSay } from "@/components/notices";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";
import { ModelHistory } from "@/pages/models/ModelHistory";
import { VersionTable } from "@/pages/models/VersionTable";

const ROUTE = "/inside/workspaces/$workspace/models/$model";

/** One registered model: its versions, what they came from, who did what. */
export function ModelPage() {
  const { workspace, model } = useParams({ from: ROUTE });
  const navigate = useNavigate();
  const client = useQueryClient();
  const say = useSay();
  const may = useMay(workspace);
  const mayWrite = may("models/write");
  const mayDelete = may("models/delete");
  const [dialog, setDialog] = useState<"name" | "tags" | "delete" | null>(null);
  const found = useQuery(modelQuery(workspace, model));
  const versions = useInfiniteQuery(versionsQuery(workspace, model));
  const refresh = () => client.invalidateQueries({ queryKey: ["model", workspace, model] });
  if (found.isPending) return <Waiting label="Loading the model" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const details = found.data;
  const rows = versions.data?.pages.flatMap((page) => page.model_versions ?? []) ?? [];
  const tags = (details.tags ?? []).filter((tag) => !tag.key.startsWith("mlflow."));
  const base = `/workspaces/${encodeURIComponent(workspace)}`;
  return (
    <Page
      title={details.name}
      crumbs={[{ text: "Models", to: `${base}/models` }]}
      beside={<Copy text={details.name} what="Copy the name" />}
      actions={
        (mayWrite || mayDelete) && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" rightSection={<IconDots size={15} />}>
                Actions
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {mayWrite && <Menu.Item onClick={() => setDialog("name")}>Rename</Menu.Item>}
              {mayWrite && <Menu.Item onClick={() => setDialog("tags")}>Edit tags</Menu.Item>}
              {mayDelete && (
                <Menu.Item color="red" onClick={() => setDialog("delete")}>
                  Delete
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )
      }
    >
      <Group mb="md" gap="md">
        <Facts
          facts={[
            ["Made", <Moment key="c" ms={details.creation_timestamp} />],
            ["Changed", <Moment key="u" ms={details.last_updated_timestamp} />],
            [
              "Tags",
              tags.length === 0 ? (
                ""
              ) : (
                <Group key="t" gap={4}>
                  {tags.map((tag) => (
                    <Badge key={tag.key} maw={260} title={`${tag.key}: ${tag.value}`}>
                      {tag.key}: {tag.value}
                    </Badge>
                  ))}
                </Group>
              ),
            ],
          ]}
        />
      </Group>
      <Notes
        title="Description"
        text={details.description ?? ""}
        {...(mayWrite && {
          save: async (text: string) => {
            await describeModel(workspace, model, text);
            await refresh();
          },
        })}
      />
      <Tabs defaultValue="versions" mt="md" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="versions">Versions</Tabs.Tab>
          <Tabs.Tab value="load">Load it</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="versions">
          {versions.isPending && <Waiting label="Loading versions" />}
          {versions.isError && <Broken error={versions.error} again={() => versions.refetch()} />}
          {versions.data && rows.length === 0 && (
            <Empty title="No version yet">
              Register one from a run's page, or in Python:{" "}
              <code>mlflow.register_model("runs:/…/model", "{details.name}")</code>
            </Empty>
          )}
          {rows.length > 0 && (
            <VersionTable workspace={workspace} model={details} rows={rows} refresh={refresh} />
          )}
          <Group justify="center" mt="sm">
            <More query={versions} />
          </Group>
        </Tabs.Panel>
        <Tabs.Panel value="load">
          <CodeToCopy text={loading(details.name, rows[0]?.version ?? "1", details.aliases?.[0]?.alias)} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <ModelHistory workspace={workspace} model={model} />
        </Tabs.Panel>
      </Tabs>
      <TextDialog
        open={dialog === "name"}
        onClose={() => setDialog(null)}
        title="Rename the model"
        label="Name"
        value={details.name}
        action="Rename"
        onSubmit={async (name) => {
          await renameModel(workspace, model, name);
          await client.invalidateQueries({ queryKey: ["models", workspace] });
          await navigate({
            to: "/workspaces/$workspace/models/$model",
            params: { workspace, model: name },
            replace: true,
          });
        }}
      />
      <TagEditor
        open={dialog === "tags"}
        onClose={() => setDialog(null)}
        title={`Tags of ${details.name}`}
        tags={details.tags ?? []}
        set={(key, value) => setModelTag(workspace, model, key, value).then(refresh)}
        remove={(key) => deleteModelTag(workspace, model, key).then(refresh)}
      />
      <Confirm
        open={dialog === "delete"}
        onClose={() => setDialog(null)}
        title={`Delete ${details.name}?`}
        action="Delete"
        typed={details.name}
        onConfirm={async () => {
          try {
            await deleteModel(workspace, model);
            await client.invalidateQueries({ queryKey: ["models", workspace] });
            await navigate({ to: "/workspaces/$workspace/models", params: { workspace } });
            say.done(`Deleted ${details.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        All its versions and aliases go with it, for good. The files stay with their runs.
      </Confirm>
    </Page>
  );
}

function loading(name: string, version: string, alias: string | undefined): string {
  const uri = alias ? `models:/${name}@${alias}` : `models:/${name}/${version}`;
  return `import mlflow\n\nmodel = mlflow.pyfunc.load_model(${JSON.stringify(uri)})\nmodel.predict(data)`;
}
