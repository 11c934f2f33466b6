/** Models that the run logged, and versions of registered models that were made from it. */
import { Badge, Button, Title } from "@mantine/core";
import { IconPackage } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useMaySomewhere } from "@/api/may";
import type { RunPageData } from "@/api/run-page";
import { RegisterModel } from "@/pages/run/overview/RegisterModel";
import type { ChangeRunSearch } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

interface ModelsProps {
  workspace: string;
  page: RunPageData;
  change: ChangeRunSearch;
  refresh: () => Promise<unknown>;
}

/** LOGGED_MODEL_UPLOAD_FAILED → upload failed */
const words = (status: string): string =>
  status
    .replace(/^LOGGED_MODEL_/, "")
    .toLowerCase()
    .replaceAll("_", " ");

export function Models({ workspace, page, change, refresh }: ModelsProps) {
  const may = useMaySomewhere(workspace);
  const [open, setOpen] = useState(false);
  const { logged_models: logged, model_versions: versions } = page;
  if (logged.length === 0 && versions.length === 0) return null;
  return (
    <section className={`panel ${classes.card}`} aria-label="Models">
      <div className={classes.cardHead}>
        <Title order={2}>Models</Title>
        {may("models/write") && (
          <Button variant="subtle" leftSection={<IconPackage size={14} />} onClick={() => setOpen(true)}>
            Register
          </Button>
        )}
      </div>
      {logged.map((one) => (
        <div key={one.model_id} className={classes.chips} style={{ alignItems: "center", minHeight: 26 }}>
          <button
            type="button"
            className="linklike ellipsis"
            title={`Files of ${one.name}`}
            onClick={() => change({ tab: "artifacts", model: one.model_id, path: "" })}
          >
            {one.name || one.model_id}
          </button>
          {one.model_type && <Badge>{one.model_type}</Badge>}
          {!/(^|_)READY$/.test(one.status) && <span className="quiet">{words(one.status)}</span>}
        </div>
      ))}
      {page.more_logged_models && <span className="quiet">and more</span>}
      {versions.map((one) => (
        <div
          key={`${one.name} ${one.version}`}
          className={classes.chips}
          style={{ alignItems: "center", minHeight: 26 }}
        >
          <Link
            to="/workspaces/$workspace/models/$model"
            params={{ workspace, model: one.name }}
            className="ellipsis"
            title={one.name}
          >
            {one.name}
          </Link>
          <span className="quiet">version {one.version}</span>
          {one.aliases.map((alias) => (
            <Badge key={alias} color="yard" variant="filled">
              {alias}
            </Badge>
          ))}
        </div>
      ))}
      {page.more_model_versions && <span className="quiet">and more versions</span>}
      <RegisterModel
        open={open}
        onClose={() => setOpen(false)}
        workspace={workspace}
        page={page}
        refresh={refresh}
      />
    </section>
  );
}
