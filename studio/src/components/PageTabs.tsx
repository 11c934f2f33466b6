/** Tabs that are pages of their own. */
import { Link } from "@tanstack/react-router";
import classes from "@/components/PageTabs.module.css";

export function PageTabs({
  tabs,
  params,
}: {
  tabs: { text: string; to: "/workspaces/$workspace/experiments" | "/workspaces/$workspace/runs" }[];
  params: { workspace: string };
}) {
  return (
    <nav className={classes.tabs} aria-label="Views">
      {tabs.map((tab) => (
        <Link
          key={tab.to}
          to={tab.to}
          params={params}
          className={classes.tab}
          activeProps={{ className: classes.active }}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {tab.text}
        </Link>
      ))}
    </nav>
  );
}
