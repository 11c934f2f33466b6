import { Title } from "@mantine/core";
import type { RunBrief } from "@/api/overview";
import { RunList } from "@/components/RunList";
import classes from "@/pages/overview/overview.module.css";

const SHOWN = 8;

export function RecentRuns({
  workspace,
  runs,
  title,
  empty,
}: {
  workspace: string;
  runs: readonly RunBrief[] | undefined;
  title: string;
  empty: string;
}) {
  return (
    <section className={`panel ${classes.box}`} aria-label={title}>
      <Title order={2} mb={6}>
        {title}
      </Title>
      <RunList workspace={workspace} runs={runs} most={SHOWN} empty={empty} />
    </section>
  );
}
