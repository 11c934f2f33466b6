import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type AuditLine, auditQuery } from "@/api/audit";
import { ApiError } from "@/api/http";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";

/** Who did what to a model, from the workspace's audit log. */
export function ModelHistory({ workspace, model }: { workspace: string; model: string }) {
  const query = useInfiniteQuery({
    ...auditQuery({ workspace, action: "models/", name: model }),
    retry: false,
  });
  if (query.isPending) return <Waiting label="Loading the history" />;
  if (query.isError) {
    if (query.error instanceof ApiError && query.error.status === 403)
      return (
        <Empty title="The history is for those who may read the audit log">
          It takes the action audit/read in this workspace, which its owners can give.
        </Empty>
      );
    return <Broken error={query.error} again={() => query.refetch()} />;
  }
  const lines = query.data.pages.flatMap((page) => page.items);
  return (
    <>
      {lines.length === 0 && <Empty title="Nothing is written down of this model" />}
      {lines.length > 0 && <Lines lines={lines} model={model} />}
      <Group justify="center" mt="sm">
        <More query={query} />
      </Group>
    </>
  );
}

function Lines({ lines, model }: { lines: readonly AuditLine[]; model: string }) {
  return (
    <TablePanel label="History of the model">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Result</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.id}>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={line.at_ms} />
              </td>
              <td className="ellipsis" style={{ maxWidth: 200 }} title={line.principal}>
                {line.principal}
              </td>
              <td style={{ overflowWrap: "anywhere" }}>
                <code>{line.action}</code>{" "}
                <Text component="span" size="xs" className="quiet">
                  {Object.entries(line.target)
                    .filter(([name, value]) => name !== "name" || value !== model)
                    .map(([name, value]) => `${name}: ${value}`)
                    .join(", ")}
                </Text>
              </td>
              <td>{line.outcome}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TablePanel>
  );
}
