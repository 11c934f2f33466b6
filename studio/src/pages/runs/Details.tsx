/** What is known of an experiment beside its runs. */
import { Button, Group, Text, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteExperimentTag, type Experiment, renameExperiment, setExperimentTag } from "@/api/experiments";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { Notes } from "@/components/Notes";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";
import classes from "@/pages/runs/Details.module.css";

const NOTE = "mlflow.note.content";

export function Details({ workspace, experiment }: { workspace: string; experiment: Experiment }) {
  const client = useQueryClient();
  const [editing, setEditing] = useState<"tags" | "name" | null>(null);
  const id = experiment.experiment_id;
  const renew = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["experiment", workspace, id] }),
      client.invalidateQueries({ queryKey: ["experiments", workspace] }),
    ]);
  const tags = (experiment.tags ?? []).filter((tag) => tag.key !== NOTE);
  const note = experiment.tags?.find((tag) => tag.key === NOTE)?.value ?? "";
  return (
    <div className={classes.page}>
      <Notes
        text={note}
        save={async (text) => {
          await setExperimentTag(workspace, id, NOTE, text);
          await renew();
        }}
      />
      <section className={`panel ${classes.part}`}>
        <Group justify="space-between">
          <Title order={2}>Experiment</Title>
          <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setEditing("name")}>
            Rename
          </Button>
        </Group>
        <Facts
          facts={[
            ["Name", experiment.name],
            ["Id", <WithCopy key="id" text={id} />],
            ["Artifacts", <WithCopy key="artifacts" text={experiment.artifact_location} />],
            ["Created", <Moment key="created" ms={experiment.creation_time} />],
            ["Changed", <Moment key="changed" ms={experiment.last_update_time} />],
            ["State", experiment.lifecycle_stage === "deleted" ? "Deleted" : ""],
          ]}
        />
      </section>
      <section className={`panel ${classes.part}`}>
        <Group justify="space-between">
          <Title order={2}>Tags</Title>
          <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setEditing("tags")}>
            Edit
          </Button>
        </Group>
        {tags.length === 0 ? (
          <Text size="sm" className="quiet">
            No tags yet.
          </Text>
        ) : (
          <Facts facts={tags.map((tag) => [tag.key, tag.value || "–"] as const)} />
        )}
      </section>
      <TagEditor
        open={editing === "tags"}
        onClose={() => setEditing(null)}
        title="Tags of the experiment"
        tags={tags}
        set={(key, value) => setExperimentTag(workspace, id, key, value).then(renew)}
        remove={(key) => deleteExperimentTag(workspace, id, key).then(renew)}
      />
      <TextDialog
        open={editing === "name"}
        onClose={() => setEditing(null)}
        title="Rename experiment"
        label="Name"
        value={experiment.name}
        action="Rename"
        onSubmit={(name) => renameExperiment(workspace, id, name).then(renew)}
      />
    </div>
  );
}

function WithCopy({ text }: { text: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <span className="ellipsis" title={text}>
        {text}
      </span>
      <Copy text={text} />
    </Group>
  );
}
