/** Adds a chart of a kind; what it is made of is chosen in it. */
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
import type { ChangeCharts } from "@/components/charts/use-charts-state";
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

export function AddPanel({ panels, change }: { panels: readonly Panel[]; change: ChangeCharts }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button leftSection={<IconPlus size={14} aria-hidden />}>Add chart</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {KINDS.map(({ kind, name, icon: Icon }) => (
          <Menu.Item
            key={kind}
            leftSection={<Icon size={15} aria-hidden />}
            onClick={() => change({ panels: [{ id: freshId(panels), kind, of: [] }, ...panels] })}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
