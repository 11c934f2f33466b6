import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { auditExport, auditQuery } from "@/api/audit";
import { useNow } from "@/components/Moment";
import { More } from "@/components/More";
import { Empty, Waiting } from "@/components/states";
import { AuditTable } from "@/pages/access/AuditTable";
import { NotYours } from "@/pages/access/NotYours";
import { type AuditShown, OUTCOMES, SPANS, type Span, since } from "@/pages/access/search";
import { Verify } from "@/pages/access/Verify";

/** Who did what, newest first; of one workspace, or of the whole server. */
export function AuditLog({
  workspace,
  shown,
  onShow,
}: {
  workspace: string | null;
  shown: AuditShown;
  onShow: (shown: AuditShown) => void;
}) {
  const now = useNow();
  const filter = {
    workspace: workspace ?? undefined,
    principal: shown.who || undefined,
    action: shown.action || undefined,
    outcome: shown.outcome ?? undefined,
    since_ms: since(shown.span, now),
  };
  const found = useInfiniteQuery({ ...auditQuery(filter), placeholderData: (before) => before });
  const type = useDebouncedCallback((changed: Partial<AuditShown>) => onShow({ ...shown, ...changed }), 250);
  if (found.isError)
    return <NotYours error={found.error} what="read the audit log" again={() => found.refetch()} />;
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = Boolean(shown.who || shown.action || shown.outcome || shown.span);
  return (
    <>
      <Group mb="sm" gap="xs">
        <TextInput
          aria-label="Who"
          placeholder="Who"
          w={150}
          defaultValue={shown.who}
          onChange={(event) => type({ who: event.currentTarget.value })}
        />
        <TextInput
          aria-label="Action"
          placeholder="Action, such as access/write"
          w={200}
          defaultValue={shown.action}
          onChange={(event) => type({ action: event.currentTarget.value })}
        />
        <Select
          aria-label="Outcome"
          placeholder="Any outcome"
          clearable
          w={190}
          value={shown.outcome}
          onChange={(outcome) =>
            onShow({ ...shown, outcome: OUTCOMES.find((one) => one === outcome) ?? null })
          }
          data={OUTCOMES}
        />
        <Select
          aria-label="When"
          placeholder="At any time"
          clearable
          w={160}
          value={shown.span}
          onChange={(span) => onShow({ ...shown, span: span as Span | null })}
          data={Object.entries(SPANS).map(([value, { label }]) => ({ value, label }))}
        />
        <Group gap="xs" ml="auto">
          {workspace === null && <Verify />}
          <Button
            component="a"
            href={auditExport(filter)}
            download="audit.jsonl"
            variant="default"
            leftSection={<IconDownload size={15} />}
          >
            Export
          </Button>
        </Group>
      </Group>
      {found.isPending && <Waiting label="Loading the audit log" />}
      {found.data && rows.length === 0 && (
        <Empty title={narrowed ? "No line fits" : "Nothing is written down yet"}>
          {narrowed
            ? "Names and actions must be whole. Leave something out to see more."
            : "Changes come here, and what was refused, with who tried it."}
        </Empty>
      )}
      {rows.length > 0 && <AuditTable rows={rows} everywhere={workspace === null} />}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
    </>
  );
}
