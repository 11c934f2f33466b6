/** Adds a chart of a kind, of the first names that there are; what it is made of is chosen in it. */
import { Button, Menu } from "@mantine/core";
import {
  IconChartBar,
  IconChartDots,
  IconChartLine,
  IconChartSankey,
  IconPhoto,
  IconPlus,
  IconTableColumn,
  IconTimeline,
  IconTopologyRing3,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { keysQuery } from "@/api/run-keys";
import type { ChangeCharts } from "@/components/charts/use-charts-state";
import { firstOf } from "@/lib/chart-first";
import { freshId, type Panel, type PanelKind } from "@/lib/chart-state";

const KINDS: { kind: PanelKind; name: string; icon: typeof IconPlus }[] = [
  { kind: "line", name: "Lines of several metrics", icon: IconChartLine },
  { kind: "bar", name: "Bars", icon: IconChartBar },
  { kind: "scatter", name: "Scatter", icon: IconChartDots },
  { kind: "parallel", name: "Parallel coordinates", icon: IconChartSankey },
  { kind: "contour", name: "Contour", icon: IconTopologyRing3 },
  { kind: "box", name: "Boxes", icon: IconTimeline },
  { kind: "images", name: "Images by step", icon: IconPhoto },
  { kind: "difference", name: "Difference table", icon: IconTableColumn },
];

export function AddPanel({
  workspace,
  experimentIds,
  panels,
  change,
}: {
  workspace: string;
  experimentIds: readonly string[];
  panels: readonly Panel[];
  change: ChangeCharts;
}) {
  const client = useQueryClient();
  const latest = useRef(panels);
  latest.current = panels;
  const add = async (kind: PanelKind) => {
    const asked = keysQuery(workspace, [...experimentIds], ["metric", "param", "tag"]);
    const keys = await client.fetchQuery(asked).catch(() => ({ items: [] }));
    const now = latest.current;
    change({ panels: [{ id: freshId(now), kind, of: firstOf(kind, keys.items) }, ...now] });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button leftSection={<IconPlus size={14} aria-hidden />}>Add chart</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {KINDS.map(({ kind, name, icon: Icon }) => (
          <Menu.Item key={kind} leftSection={<Icon size={15} aria-hidden />} onClick={() => add(kind)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
