import {
  IconBox,
  IconCpu,
  IconDatabase,
  IconFlask,
  IconHome,
  IconList,
  IconPlayerPlay,
  IconRoute,
  IconTable,
  IconTrash,
  IconUsers,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { LATER } from "@/app/later";
import classes from "@/app/Navigation.module.css";

const PAGES = [
  { path: "", name: "Overview", icon: IconHome },
  { path: "/experiments", name: "Experiments", icon: IconFlask },
  { path: "/runs", name: "All runs", icon: IconList },
  { path: "/jobs", name: "Jobs", icon: IconPlayerPlay },
  { path: "/compute", name: "Compute", icon: IconCpu },
  { path: "/models", name: "Models", icon: IconBox },
  { path: "/datasets", name: "Datasets", icon: IconTable },
  { path: "/datastores", name: "Datastores", icon: IconDatabase },
  { path: "/traces", name: "Traces", icon: IconRoute },
  { path: "/access", name: "Access", icon: IconUsers },
  { path: "/trash", name: "Trash", icon: IconTrash },
] as const;

/** The pages of a workspace. */
export function Navigation({ workspace, open }: { workspace: string; open: boolean }) {
  const base = `/workspaces/${encodeURIComponent(workspace)}`;
  return (
    <nav className={classes.navigation} data-open={open || undefined} aria-label="Pages of the workspace">
      {PAGES.map(({ path, name, icon: Icon }) => (
        <Link
          key={path}
          to={`${base}${path}`}
          activeOptions={{ exact: path === "", includeSearch: false }}
          className={classes.page}
        >
          <Icon size={17} stroke={1.6} aria-hidden />
          {name}
        </Link>
      ))}
      <p className={classes.group}>Coming</p>
      {LATER.map(({ noun, name, icon: Icon }) => (
        <Link
          key={noun}
          to="/workspaces/$workspace/later/$noun"
          params={{ workspace, noun }}
          className={`${classes.page} ${classes.later}`}
        >
          <Icon size={17} stroke={1.6} aria-hidden />
          {name}
        </Link>
      ))}
    </nav>
  );
}
