/** What can be done with the runs that are selected. */
import { Button, Group, Paper, Text } from "@mantine/core";
import {
  IconArrowBackUp,
  IconChartLine,
  IconDownload,
  IconPencil,
  IconScale,
  IconTag,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { runs } from "@/pages/runs/actions/many";
import classes from "@/pages/runs/actions/SelectionBar.module.css";
import type { View } from "@/pages/runs/search";

export function SelectionBar({
  count,
  view,
  busy,
  does,
}: {
  count: number;
  view: View;
  busy: boolean;
  does: {
    compare: () => void;
    only: () => void;
    tag: () => void;
    rename: () => void;
    delete: () => void;
    restore: () => void;
    csv: () => void;
    clear: () => void;
  };
}) {
  if (count === 0) return null;
  const icon = { size: 15, "aria-hidden": true } as const;
  return (
    <Paper className={classes.bar!} shadow="md" role="toolbar" aria-label="Selected runs">
      <Text size="sm" fw={600} className={classes.count!}>
        {runs(count)} selected
      </Text>
      <Group gap={6}>
        <Button
          onClick={does.compare}
          disabled={count < 2 || count > 1_000}
          leftSection={<IconScale {...icon} />}
        >
          Compare
        </Button>
        <Button
          variant="default"
          onClick={does.only}
          leftSection={<IconChartLine {...icon} />}
          disabled={count > 300}
        >
          Chart only these
        </Button>
        <Button variant="default" onClick={does.tag} leftSection={<IconTag {...icon} />}>
          Tag
        </Button>
        {count === 1 && (
          <Button variant="default" onClick={does.rename} leftSection={<IconPencil {...icon} />}>
            Rename
          </Button>
        )}
        <Button variant="default" onClick={does.csv} leftSection={<IconDownload {...icon} />}>
          CSV
        </Button>
        {view !== "active" && (
          <Button
            variant="default"
            onClick={does.restore}
            loading={busy}
            leftSection={<IconArrowBackUp {...icon} />}
          >
            Restore
          </Button>
        )}
        {view !== "deleted" && (
          <Button
            variant="default"
            c="red"
            onClick={does.delete}
            loading={busy}
            leftSection={<IconTrash {...icon} />}
          >
            Delete
          </Button>
        )}
        <Button variant="subtle" color="gray" onClick={does.clear} leftSection={<IconX {...icon} />}>
          Clear
        </Button>
      </Group>
    </Paper>
  );
}
