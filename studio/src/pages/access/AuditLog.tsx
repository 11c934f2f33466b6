import { Badge, Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { auditExport, auditQuery } from "@/api/audit";
import { More } from "@/components/More";
import { Empty, Waiting } from "@/components/states";
import { moment } from "@/lib/format";
import { NotYours } from "@/pages/access/NotYours";

const OUTCOMES = ["done", "PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"];

/** Who did what, newest first; of one workspace, or of the whole server. */
export function AuditLog({ workspace }: { workspace: string | null }) {
  const [principal, setPrincipal] = useState("");
  const [action, setAction] = useState("");
  const [outcome, setOutcome] = useState<string | null>(null);
  const [typed] = useDebouncedValue({ principal, action }, 250);
  const filter = {
    workspace: workspace ?? undefined,
    principal: typed.principal || undefined,
    action: typed.action || undefined,
    outcome: outcome ?? undefined,
  };
  const found = useInfiniteQuery({ ...auditQuery(filter), placeholderData: (before) => before });
  if (found.isError)
    return <NotYours error={found.error} what="read the audit log" again={() => found.refetch()} />;
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Group mb="sm" gap="xs">
        <TextInput
          aria-label="Who"
          placeholder="Who"
          value={principal}
          onChange={(event) => setPrincipal(event.currentTarget.value)}
        />
        <TextInput
          aria-label="Action"
          placeholder="Action, such as roles/write"
          w={220}
          value={action}
          onChange={(event) => setAction(event.currentTarget.value)}
        />
        <Select
          aria-label="Outcome"
          placeholder="Any outcome"
          clearable
          value={outcome}
          onChange={setOutcome}
          data={OUTCOMES}
        />
        <Button
          component="a"
          href={auditExport(filter)}
          download="audit.jsonl"
          variant="default"
          ml="auto"
          leftSection={<IconDownload size={15} />}
        >
          Export
        </Button>
      </Group>
      {found.isPending && <Waiting label="Loading the audit log" />}
      {found.data && rows.length === 0 && <Empty title="Nothing fits" />}
      {rows.length > 0 && (
        <div className="panel" style={{ overflowX: "auto" }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">Action</th>
                <th scope="col">What</th>
                {workspace === null && <th scope="col">Workspace</th>}
                <th scope="col">Outcome</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((line) => (
                <tr key={line.id}>
                  <td style={{ whiteSpace: "nowrap" }}>{moment(line.at_ms)}</td>
                  <td className="ellipsis" style={{ maxWidth: 200 }} title={line.principal}>
                    {line.principal}
                  </td>
                  <td>
                    <code>{line.action}</code>
                  </td>
                  <td style={{ maxWidth: 420, overflowWrap: "anywhere" }}>
                    {Object.entries(line.target)
                      .map(([name, value]) => `${name}: ${value}`)
                      .join(", ")}
                  </td>
                  {workspace === null && <td>{line.workspace}</td>}
                  <td>{line.status < 400 ? line.outcome : <Badge color="red">{line.outcome}</Badge>}</td>
                  <td className="quiet">{line.remote}</td>
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
