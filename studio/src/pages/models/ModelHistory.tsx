import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { auditQuery } from "@/api/audit";
import { ApiError } from "@/api/http";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";

/** Who did what to a model, from the workspace's audit log. */
export function ModelHistory({ workspace, model }: { workspace: string; model: string }) {
  const found = useInfiniteQuery(auditQuery({ workspace, action: "models/write" }));
  if (found.isPending) return <Waiting label="Loading the history" />;
  if (found.isError) {
    if (found.error instanceof ApiError && found.error.status === 403)
      return (
        <Empty title="The history is for those who may read the audit log">Owners can give you that.</Empty>
      );
    return <Broken error={found.error} again={() => found.refetch()} />;
  }
  const lines = found.data.pages
    .flatMap((page) => page.items)
    .filter((line) => Object.values(line.target).includes(model));
  return (
    <>
      {lines.length === 0 && <Empty title="Nothing is written down of this model" />}
      {lines.length > 0 && (
        <div className="panel" style={{ overflowX: "auto" }}>
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
                  <td>{line.principal}</td>
                  <td>
                    {line.action}{" "}
                    <Text component="span" size="xs" className="quiet">
                      {Object.entries(line.target)
                        .map(([name, value]) => `${name}: ${value}`)
                        .join(", ")}
                    </Text>
                  </td>
                  <td>{line.outcome}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
    </>
  );
}
