import { Badge } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Experiment } from "@/api/experiments";
import { useShortcuts } from "@/app/shortcuts";
import { ExperimentLink } from "@/components/links";
import { Moment } from "@/components/Moment";
import { ExperimentMenu } from "@/pages/experiments/ExperimentMenu";
import classes from "@/pages/experiments/experiments.module.css";

const TAGS_SHOWN = 4;

export function ExperimentTable({ workspace, rows }: { workspace: string; rows: Experiment[] }) {
  const [place, setPlace] = useState(-1);
  const navigate = useNavigate();
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setPlace(next);
    document.getElementById(`experiment-${rows[next]?.experiment_id}`)?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", does: "Next experiment", run: () => move(place + 1) },
    { keys: "k", does: "Experiment before", run: () => move(place - 1) },
    {
      keys: "Enter",
      does: "Open the experiment",
      run: () => {
        const row = rows[place];
        if (row)
          navigate({
            to: "/workspaces/$workspace/experiments/$experiment",
            params: { workspace, experiment: row.experiment_id },
          });
      },
    },
  ]);
  return (
    <div className={`panel ${classes.table}`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Tags</th>
            <th scope="col">Changed</th>
            <th scope="col">Made</th>
            <th scope="col">Id</th>
            <th scope="col">
              <span className="only-read">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one, i) => (
            <tr
              key={one.experiment_id}
              id={`experiment-${one.experiment_id}`}
              className={i === place ? classes.current : undefined}
            >
              <td className="ellipsis">
                <ExperimentLink workspace={workspace} experiment={one.experiment_id} name={one.name} />
              </td>
              <td>
                <Tags experiment={one} />
              </td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={one.last_update_time} />
              </td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={one.creation_time} />
              </td>
              <td className="quiet numeric">{one.experiment_id}</td>
              <td>
                <ExperimentMenu workspace={workspace} experiment={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tags({ experiment }: { experiment: Experiment }) {
  const tags = (experiment.tags ?? []).filter((tag) => !/^(mlflow|runyard)\./.test(tag.key));
  return (
    <div className={classes.tags}>
      {tags.slice(0, TAGS_SHOWN).map((tag) => (
        <Badge key={tag.key} className={classes.tag!} title={`${tag.key}: ${tag.value}`}>
          {tag.key}: {tag.value}
        </Badge>
      ))}
      {tags.length > TAGS_SHOWN && <span className="quiet">+{tags.length - TAGS_SHOWN}</span>}
    </div>
  );
}
