import { Badge, Button, Group, Menu, Tabs } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useMay } from "@/api/may";
import {
  deleteModel,
  deleteModelTag,
  describeModel,
  isPrompt,
  modelQuery,
  renameModel,
  setModelTag,
  versionsQuery,
} from "@/api/models";
import { Confirm } from "@/components/Confirm";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Notes } from "@/components/Notes";
import { useSay } from "@/components/notices";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";
import { LoadIt } from "@/pages/models/LoadIt";
import { ModelHistory } from "@/pages/models/ModelHistory";
import { PromptText } from "@/pages/models/PromptText";
import { type ModelShown, modelAddressOf, modelShownOf, TABS } from "@/pages/models/search";
import { VersionTable } from "@/pages/models/VersionTable";

const ROUTE = "/inside/workspaces/$workspace/models/$model";
const TAB_NAMES = { versions: "Versions", text: "Text", load: "Load it", history: "History" };

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
  const prompt = found.data !== undefined && isPrompt(found.data);
  const versions = useInfiniteQuery({ ...versionsQuery(workspace, model, prompt), enabled: found.isSuccess });
  const shown = modelShownOf(useSearch({ from: ROUTE }));
  const tabs = TABS.filter((one) => prompt || one !== "text");
  const tab = tabs.includes(shown.tab) ? shown.tab : "versions";
  const show = (changed: Partial<ModelShown>) =>
    navigate({
      to: "/workspaces/$workspace/models/$model",
      params: { workspace, model },
      search: modelAddressOf({ ...shown, ...changed }),
      replace: true,
    });
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
      <Tabs
        value={tab}
        onChange={(value) => show({ tab: TABS.find((one) => one === value) ?? "versions" })}
        mt="md"
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {TAB_NAMES[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="versions">
          {versions.isPending && <Waiting label="Loading versions" />}
          {versions.isError && <Broken error={versions.error} again={() => versions.refetch()} />}
          {versions.data && rows.length === 0 && (
            <Empty title="No version yet">
              Register one from a run's page, or in Python:{" "}
              <code>mlflow.register_model("runs:/…/model", {JSON.stringify(details.name)})</code>
            </Empty>
          )}
          {rows.length > 0 && (
            <VersionTable
              workspace={workspace}
              model={details}
              prompt={prompt}
              rows={rows}
              refresh={refresh}
            />
          )}
          <Group justify="center" mt="sm">
            <More query={versions} />
          </Group>
        </Tabs.Panel>
        <Tabs.Panel value="text">
          {versions.isPending ? (
            <Waiting label="Loading versions" />
          ) : (
            <PromptText versions={rows} shown={shown} onShow={show} />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="load">
          {versions.isPending ? (
            <Waiting label="Loading versions" />
          ) : (
            <LoadIt model={details} versions={rows} prompt={prompt} />
          )}
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
