import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { type AuditLine, auditQuery } from "@/api/audit";
import { ApiError } from "@/api/http";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { count } from "@/lib/format";

/** The log is of the whole workspace: so many lines are looked through unasked, until so many are of the model. */
const LOOKED_THROUGH = 1_000;
const WANTED = 20;

/** Who did what to a model, from the workspace's audit log. */
export function ModelHistory({ workspace, model }: { workspace: string; model: string }) {
  const written = useLines(workspace, model, "models/write");
  const deleted = useLines(workspace, model, "models/delete");
  const query = written.query;
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
  const lines = [...written.lines, ...deleted.lines].sort((a, b) => b.id - a.id);
  return (
    <>
      {lines.length === 0 && (
        <Empty title="Nothing is written down of this model">
          {query.hasNextPage && `The newest ${count(written.all)} changes of models are of others.`}
        </Empty>
      )}
      {lines.length > 0 && <Lines lines={lines} model={model} />}
      <Group justify="center" mt="sm">
        <More query={written.query} />
      </Group>
    </>
  );
}

function useLines(workspace: string, model: string, action: string) {
  const query = useInfiniteQuery({ ...auditQuery({ workspace, action }), retry: false });
  const all = query.data?.pages.flatMap((page) => page.items) ?? [];
  const lines = all.filter((line) => line.target.name === model || line.target.new_name === model);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const further = hasNextPage && !isFetchingNextPage && lines.length < WANTED && all.length < LOOKED_THROUGH;
  useEffect(() => {
    if (further) void fetchNextPage();
  }, [further, fetchNextPage]);
  return { query, lines, all: all.length };
}

function Lines({ lines, model }: { lines: readonly AuditLine[]; model: string }) {
  return (
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
    </div>
  );
}
