/** The runs before and after, also while one of them is on its way: who pages through them does not wait. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { neighboursQuery } from "@/api/run";
import { useShortcuts } from "@/app/shortcuts";
import { useSay } from "@/components/notices";

/** The run before and after this one, among the newest of its experiment. */
export function Neighbours({
  workspace,
  experiment,
  run,
}: {
  workspace: string;
  experiment: string;
  run: string;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const go = async (by: -1 | 1) => {
    try {
      const runs = await client.fetchQuery(neighboursQuery(workspace, experiment));
      const place = runs.indexOf(run);
      const next = place < 0 ? undefined : runs[place + by];
      if (place < 0) say.done("This run is not among the 500 newest of its experiment.");
      else if (next === undefined) say.done(by < 0 ? "This is the newest run." : "This is the last run.");
      else
        navigate({
          to: "/workspaces/$workspace/experiments/$experiment/runs/$run",
          params: { workspace, experiment, run: next },
          search: (({ tab, c }: Record<string, unknown>) => ({ tab, c })) as never,
        });
    } catch (error) {
      say.error(error);
    }
  };
  useShortcuts([
    { keys: "[", does: "The newer run of the experiment", run: () => go(-1) },
    { keys: "]", does: "The older run of the experiment", run: () => go(1) },
  ]);
  return (
    <>
      <Tooltip label="Newer run ( [ )">
        <ActionIcon variant="subtle" size="lg" aria-label="Newer run" onClick={() => go(-1)}>
          <IconChevronLeft size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Older run ( ] )">
        <ActionIcon variant="subtle" size="lg" aria-label="Older run" onClick={() => go(1)}>
          <IconChevronRight size={16} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}
