import { Button, Group, SegmentedControl, Select } from "@mantine/core";
import { useThrottledCallback } from "@mantine/hooks";
import { IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useLive } from "@/api/live";
import { useMay, useMaySomewhere } from "@/api/may";
import { purgeTrash, restoreTrash, type TrashItem, type TrashKind, trashQuery } from "@/api/trash";
import { Confirm } from "@/components/Confirm";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TrashTable } from "@/pages/trash/TrashTable";

const ROUTE = "/inside/workspaces/$workspace/trash";
const KINDS = ["experiment", "run", "model"] as const;
const DAY_MS = 86_400_000;
const AGES = [
  { value: String(7 * DAY_MS), label: "deleted over 7 days ago" },
  { value: String(30 * DAY_MS), label: "deleted over 30 days ago" },
  { value: String(90 * DAY_MS), label: "deleted over 90 days ago" },
];

/** What is deleted: restored, or removed for good. */
export function TrashPage() {
  const { workspace } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const kind = KINDS.find((one) => one === search.kind) ?? null;
  const navigate = useNavigate({ from: "/workspaces/$workspace/trash" });
  const client = useQueryClient();
  const say = useSay();
  const may = useMay(workspace);
  const mayRestore = useMaySomewhere(workspace)("runs/delete");
  const [chosen, setChosen] = useState<TrashItem[]>([]);
  const [asking, setAsking] = useState<"chosen" | "old" | null>(null);
  const [age, setAge] = useState(AGES[1]!.value);
  const found = useInfiniteQuery(trashQuery(workspace, kind));
  const again = useThrottledCallback(() => found.refetch(), 1_000);
  useLive(workspace, (change) => {
    const moved = change.type !== "runs" || change.runs.some((run) => run.kinds.includes("deleted"));
    if (moved || (change.type === "runs" && change.many.length > 0)) again();
  });
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const refresh = async () => {
    setChosen([]);
    await client.invalidateQueries({ queryKey: ["trash", workspace] });
  };
  const names = chosen.map(({ kind, id }) => ({ kind, id }));
  const restore = async () => {
    try {
      const answer = await restoreTrash(workspace, names);
      await refresh();
      tell(answer.restored.length, "Restored", answer.kept);
    } catch (error) {
      say.error(error);
    }
  };
  const purge = async () => {
    try {
      const what = asking === "old" ? { older_than_ms: Number(age) } : { items: names };
      let purged = 0;
      for (;;) {
        const answer = await purgeTrash(workspace, what);
        purged += answer.purged.length;
        if (!answer.more || answer.purged.length === 0) {
          tell(purged, "Removed for good:", answer.kept);
          break;
        }
      }
      await refresh();
    } catch (error) {
      say.error(error);
    }
  };
  const tell = (count: number, word: string, kept: { reason: string }[]) => {
    if (count > 0) say.done(`${word} ${count} ${count === 1 ? "thing" : "things"}`);
    else if (kept.length === 0) say.done("Nothing was deleted that long ago");
    if (kept.length > 0) say.error(`${kept.length} stayed: ${kept[0]!.reason}`);
  };
  return (
    <Page title="Trash">
      <Group mb="sm" gap="xs">
        <SegmentedControl
          aria-label="What kind"
          value={kind ?? "all"}
          onChange={(value) => {
            setChosen([]);
            navigate({ search: value === "all" ? {} : { kind: value as TrashKind }, replace: true });
          }}
          data={[
            { value: "all", label: "All" },
            { value: "experiment", label: "Experiments" },
            { value: "run", label: "Runs" },
            { value: "model", label: "Logged models" },
          ]}
        />
        {mayRestore && (
          <Button variant="default" disabled={chosen.length === 0} onClick={restore}>
            Restore {chosen.length > 0 && chosen.length}
          </Button>
        )}
        {may("trash/purge") && (
          <Button color="red" disabled={chosen.length === 0} onClick={() => setAsking("chosen")}>
            Remove for good {chosen.length > 0 && chosen.length}
          </Button>
        )}
        {may("trash/purge") && rows.length > 0 && (
          <Group gap={6} ml="auto">
            <Select
              aria-label="How long ago"
              allowDeselect={false}
              w={200}
              value={age}
              onChange={(value) => setAge(value ?? AGES[1]!.value)}
              data={AGES}
            />
            <Button variant="default" onClick={() => setAsking("old")}>
              Empty
            </Button>
          </Group>
        )}
      </Group>
      {found.isPending && <Waiting label="Loading the trash" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty title="The trash is empty" icon={<IconTrash size={28} aria-hidden />}>
          Deleted experiments, runs and models come here and can be restored, until somebody removes them for
          good.
        </Empty>
      )}
      {rows.length > 0 && (
        <TrashTable workspace={workspace} rows={rows} chosen={chosen} onChoose={setChosen} />
      )}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <Confirm
        open={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "old" ? "Empty the trash?" : `Remove ${chosen.length} for good?`}
        action="Remove for good"
        typed="remove"
        onConfirm={purge}
      >
        {asking === "old"
          ? `All that was ${AGES.find((one) => one.value === age)?.label} goes, with its metrics and files.`
          : "Their metrics and files go with them."}{" "}
        Nobody can bring them back.
      </Confirm>
    </Page>
  );
}
