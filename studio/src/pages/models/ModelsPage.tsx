import { Badge, Button, Group, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconBox, IconPlus, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useMay } from "@/api/may";
import { createModel, modelsQuery, type RegisteredModel } from "@/api/models";
import { useShortcuts } from "@/app/shortcuts";
import { CodeToCopy } from "@/components/Copy";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TextDialog } from "@/components/TextDialog";
import { addressOf, filterOf, shownOf } from "@/pages/models/search";

const ROUTE = "/inside/workspaces/$workspace/models";

/** All registered models of a workspace. */
export function ModelsPage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/models" });
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const may = useMay(workspace);
  const [making, setMaking] = useState(false);
  const found = useInfiniteQuery({
    ...modelsQuery(workspace, filterOf(shown)),
    placeholderData: (before) => before,
  });
  const type = useDebouncedCallback(
    (q: string) => navigate({ search: addressOf({ ...shown, q }), replace: true }),
    200,
  );
  useShortcuts([{ keys: "/", does: "Search models by name", run: () => field.current?.focus() }]);
  const rows = found.data?.pages.flatMap((page) => page.registered_models ?? []) ?? [];
  return (
    <Page
      title="Models"
      actions={
        may("models/write") &&
        shown.kind === "model" && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New model
          </Button>
        )
      }
    >
      <Group component="search" gap="xs" mb="sm">
        <TextInput
          ref={field}
          aria-label="Search by name"
          placeholder="Search by name"
          leftSection={<IconSearch size={15} />}
          defaultValue={shown.q}
          onChange={(event) => type(event.currentTarget.value)}
          w={280}
        />
        <SegmentedControl
          aria-label="What kind"
          value={shown.kind}
          onChange={(kind) =>
            navigate({
              search: addressOf({ ...shown, kind: kind === "prompt" ? "prompt" : "model" }),
              replace: true,
            })
          }
          data={[
            { value: "model", label: "Models" },
            { value: "prompt", label: "Prompts" },
          ]}
        />
      </Group>
      {found.isPending && <Waiting label="Loading models" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty
          title={shown.q ? `No ${shown.kind} has that name` : `No ${shown.kind} is registered yet`}
          icon={<IconBox size={28} aria-hidden />}
        >
          {!shown.q && (
            <CodeToCopy
              text={
                shown.kind === "prompt"
                  ? 'import mlflow\n\nmlflow.genai.register_prompt("my-prompt", "Answer {{question}} in one line.")'
                  : 'import mlflow\n\nmlflow.register_model(f"runs:/{run_id}/model", "my-model")'
              }
            />
          )}
        </Empty>
      )}
      {rows.length > 0 && <ModelTable workspace={workspace} rows={rows} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <TextDialog
        open={making}
        onClose={() => setMaking(false)}
        title="New model"
        label="Name"
        value=""
        action="Make it"
        onSubmit={async (name) => {
          await createModel(workspace, name);
          await client.invalidateQueries({ queryKey: ["models", workspace] });
          await navigate({ to: "/workspaces/$workspace/models/$model", params: { workspace, model: name } });
        }}
      />
    </Page>
  );
}

function ModelTable({ workspace, rows }: { workspace: string; rows: RegisteredModel[] }) {
  return (
    <div className="panel" style={{ overflowX: "auto" }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Latest version</th>
            <th scope="col">Aliases</th>
            <th scope="col">Stages</th>
            <th scope="col">Tags</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.name}>
              <td className="ellipsis" style={{ maxWidth: 320 }}>
                <Link
                  to="/workspaces/$workspace/models/$model"
                  params={{ workspace, model: one.name }}
                  title={one.name}
                >
                  {one.name}
                </Link>
              </td>
              <td className="numeric">{latest(one)}</td>
              <td style={{ minWidth: 150 }}>
                <Group gap={4}>
                  {(one.aliases ?? []).map((alias) => (
                    <Badge key={alias.alias} title={`${alias.alias} is version ${alias.version}`}>
                      {alias.alias} → {alias.version}
                    </Badge>
                  ))}
                </Group>
              </td>
              <td>
                {(one.latest_versions ?? [])
                  .filter((version) => version.current_stage !== "None")
                  .map((version) => `${version.current_stage} → ${version.version}`)
                  .join(", ")}
              </td>
              <td style={{ minWidth: 130 }}>
                <Group gap={4}>
                  {(one.tags ?? [])
                    .filter((tag) => !tag.key.startsWith("mlflow."))
                    .map((tag) => (
                      <Badge key={tag.key} maw={220} title={`${tag.key}: ${tag.value}`}>
                        {tag.key}: {tag.value}
                      </Badge>
                    ))}
                </Group>
              </td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={one.last_updated_timestamp} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The greatest of the latest versions of all stages. */
function latest(model: RegisteredModel): string {
  const numbers = (model.latest_versions ?? []).map((one) => Number(one.version));
  return numbers.length > 0 ? String(Math.max(...numbers)) : "none";
}
