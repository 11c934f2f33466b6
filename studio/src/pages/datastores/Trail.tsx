import { Link } from "@tanstack/react-router";
import classes from "@/pages/datastores/datastores.module.css";
import { addressOf, trail } from "@/pages/datastores/search";

/** Where one is in a datastore, and the way up. */
export function Trail({ workspace, name, path }: { workspace: string; name: string; path: string }) {
  const steps = [{ text: name, path: "" }, ...trail(path)];
  return (
    <nav aria-label="Folder" className={classes.trail}>
      <ol>
        {steps.map((step, i) => (
          <li key={step.path}>
            <Link
              to="/workspaces/$workspace/datastores"
              params={{ workspace }}
              search={addressOf({ name, path: step.path })}
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={i === steps.length - 1 ? "location" : undefined}
              title={step.text}
              className="ellipsis"
            >
              {step.text}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
