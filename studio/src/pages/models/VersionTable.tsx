import { Badge, Button, Checkbox, Group } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { aliasesOf, type ModelVersion, type RegisteredModel } from "@/api/models";
import { Moment } from "@/components/Moment";
import { Lineage } from "@/pages/models/Lineage";
import { VersionMenu } from "@/pages/models/VersionMenu";

/** Versions, newest first; two or more of them are compared by their runs. */
export function VersionTable({
  workspace,
  model,
  prompt,
  rows,
  refresh,
}: {
  workspace: string;
  model: RegisteredModel;
  /** Prompts have no runs and no stages, and their text is shown apart. */
  prompt: boolean;
  rows: ModelVersion[];
  refresh: () => Promise<unknown>;
}) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const navigate = useNavigate();
  const runs = rows.filter((one) => chosen.includes(one.version) && one.run_id).map((one) => one.run_id);
  const toggle = (version: string) =>
    setChosen(chosen.includes(version) ? chosen.filter((one) => one !== version) : [...chosen, version]);
  return (
    <>
      {!prompt && (
        <Group mb="xs" mih={30}>
          <Button
            variant="default"
            disabled={runs.length < 2}
            onClick={() =>
              navigate({
                to: "/workspaces/$workspace/compare",
                params: { workspace },
                search: { runs: runs.join(",") },
              })
            }
          >
            Compare the runs of {runs.length < 2 ? "two versions" : `${runs.length} versions`}
          </Button>
        </Group>
      )}
      <div className="panel" style={{ overflowX: "auto" }}>
        <table className="plain">
          <thead>
            <tr>
              {!prompt && (
                <th scope="col">
                  <span className="only-read">Choose</span>
                </th>
              )}
              <th scope="col">Version</th>
              <th scope="col">Aliases</th>
              {!prompt && <th scope="col">Stage</th>}
              {!prompt && <th scope="col">From</th>}
              <th scope="col">Description and tags</th>
              <th scope="col">Made</th>
              <th scope="col">
                <span className="only-read">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.version}>
                {!prompt && (
                  <td>
                    <Checkbox
                      size="xs"
                      aria-label={`Choose version ${one.version}`}
                      checked={chosen.includes(one.version)}
                      onChange={() => toggle(one.version)}
                    />
                  </td>
                )}
                <td className="numeric">
                  <b>{one.version}</b>
                  {one.status !== "READY" && (
                    <div className="quiet" title={one.status_message}>
                      {one.status.toLowerCase().replaceAll("_", " ")}
                    </div>
                  )}
                </td>
                <td>
                  <Group gap={4}>
                    {aliasesOf(model, one.version).map((alias) => (
                      <Badge key={alias} color="yard" variant="filled">
                        {alias}
                      </Badge>
                    ))}
                  </Group>
                </td>
                {!prompt && (
                  <td>
                    {one.current_stage === "None" ? <span className="quiet">–</span> : one.current_stage}
                  </td>
                )}
                {!prompt && (
                  <td style={{ maxWidth: 320 }}>
                    <Lineage workspace={workspace} version={one} />
                  </td>
                )}
                <td style={{ maxWidth: 320, overflowWrap: "anywhere" }}>
                  {one.description}
                  <Group gap={4} mt={one.description ? 4 : 0}>
                    {(one.tags ?? [])
                      .filter((tag) => !tag.key.startsWith("mlflow."))
                      .map((tag) => (
                        <Badge key={tag.key} maw={200} title={`${tag.key}: ${tag.value}`}>
                          {tag.key}: {tag.value}
                        </Badge>
                      ))}
                  </Group>
                </td>
                <td style={{ whiteSpace: "nowrap" }}>
                  <Moment ms={one.creation_timestamp} />
                  <div className="quiet">{one.user_id}</div>
                </td>
                <td>
                  <VersionMenu workspace={workspace} model={model} version={one} refresh={refresh} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
