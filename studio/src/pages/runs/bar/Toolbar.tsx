/** Above the table: the filter, quick choices, grouping, columns. */
import { ActionIcon, Button, Menu, Popover, Tooltip } from "@mantine/core";
import {
  IconBinaryTree2,
  IconCalendar,
  IconChevronDown,
  IconColumns3,
  IconDownload,
  IconStack2,
} from "@tabler/icons-react";
import { lazy, type RefObject, Suspense } from "react";
import { STATUS } from "@/components/Status";
import { Waiting } from "@/components/states";
import { columnOf, titleOf } from "@/lib/run-columns";
import { SINCE, type Since } from "@/lib/run-filter";
import { FilterField } from "@/pages/runs/bar/FilterField";
import classes from "@/pages/runs/bar/Toolbar.module.css";
import type { ChangeSearch, RunsSearch, View } from "@/pages/runs/search";
import type { RunsOf } from "@/pages/runs/use-runs";

const GroupMenu = lazy(() =>
  import("@/pages/runs/bar/GroupMenu").then((one) => ({ default: one.GroupMenu })),
);

const WORDS = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Killed",
};
const TIMES: Record<Since, string> = {
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};
const VIEW_WORDS: Record<View, string> = {
  active: "Active runs",
  deleted: "Deleted runs",
  all: "Active and deleted",
};

export function Toolbar({
  of,
  search,
  change,
  error,
  field,
  onColumns,
  onCsv,
}: {
  of: RunsOf;
  search: RunsSearch;
  change: ChangeSearch;
  /** Of the filter. */
  error: string | null;
  field: RefObject<HTMLInputElement | null>;
  onColumns: () => void;
  onCsv: () => void;
}) {
  const icon = { size: 15, "aria-hidden": true } as const;
  const down = <IconChevronDown size={13} aria-hidden />;
  return (
    <div className={classes.bar}>
      <FilterField
        of={of}
        value={search.filter}
        error={error}
        field={field}
        onChange={(filter) => change({ filter }, { push: true })}
      />
      <div className={classes.tools}>
        <fieldset className={classes.chips}>
          <legend className="only-read">Status</legend>
          {Object.values(STATUS)
            .filter((one) => one !== "SCHEDULED" || search.status.includes(one))
            .map((one) => {
              const on = search.status.includes(one);
              return (
                <button
                  key={one}
                  type="button"
                  className={classes.chip}
                  aria-pressed={on}
                  onClick={() =>
                    change({ status: on ? search.status.filter((s) => s !== one) : [...search.status, one] })
                  }
                >
                  {WORDS[one]}
                </button>
              );
            })}
        </fieldset>
        <Menu width={190}>
          <Menu.Target>
            <Button
              variant={search.since ? "light" : "default"}
              leftSection={<IconCalendar {...icon} />}
              rightSection={down}
            >
              {search.since ? TIMES[search.since] : "Any time"}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.RadioGroup
              value={search.since ?? ""}
              onChange={(one) => change({ since: one === "" ? null : (one as Since) })}
            >
              <Menu.RadioItem value="">Any time</Menu.RadioItem>
              {(Object.keys(SINCE) as Since[]).map((one) => (
                <Menu.RadioItem key={one} value={one}>
                  {TIMES[one]}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Divider />
            <Menu.RadioGroup value={search.view} onChange={(one) => change({ view: one as View })}>
              {(Object.keys(VIEW_WORDS) as View[]).map((one) => (
                <Menu.RadioItem key={one} value={one}>
                  {VIEW_WORDS[one]}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Dropdown>
        </Menu>
        {search.view !== "active" && (
          <Button variant="light" onClick={() => change({ view: "active" })}>
            {VIEW_WORDS[search.view]}
          </Button>
        )}
        <Popover width={280} position="bottom-end" trapFocus>
          <Popover.Target>
            <Button
              variant={search.by.length ? "light" : "default"}
              leftSection={<IconStack2 {...icon} />}
              rightSection={down}
            >
              <span className={`${classes.by} ellipsis`}>
                {search.by.length
                  ? `By ${search.by.map((id) => titleOf(columnOf(id)!)).join(", ")}`
                  : "Group"}
              </span>
            </Button>
          </Popover.Target>
          <Popover.Dropdown p={8}>
            <Suspense fallback={<Waiting />}>
              <GroupMenu of={of} by={search.by} onChange={(by) => change({ by })} />
            </Suspense>
          </Popover.Dropdown>
        </Popover>
        <Tooltip label="Show nested runs below their parents">
          <Button
            variant={search.nested ? "light" : "default"}
            leftSection={<IconBinaryTree2 {...icon} />}
            aria-pressed={search.nested}
            onClick={() => change({ nested: !search.nested })}
          >
            Nested
          </Button>
        </Tooltip>
        {search.tab === "runs" && (
          <>
            <Button variant="default" leftSection={<IconColumns3 {...icon} />} onClick={onColumns}>
              Columns
            </Button>
            <Tooltip label="Download what is shown as CSV">
              <ActionIcon
                variant="default"
                size={30}
                onClick={onCsv}
                aria-label="Download what is shown as CSV"
              >
                <IconDownload {...icon} />
              </ActionIcon>
            </Tooltip>
          </>
        )}
      </div>
    </div>
  );
}
