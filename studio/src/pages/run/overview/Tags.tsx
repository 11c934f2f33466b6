/** Tags of the run: those that people and programs set, and on demand those of the clients. */
import { Badge, Button, Title } from "@mantine/core";
import { IconTags } from "@tabler/icons-react";
import { useState } from "react";
import type { KeyValue } from "@/api/experiments";
import { useMaySomewhere } from "@/api/may";
import { deleteRunTag, setRunTag } from "@/api/runs";
import { Facts } from "@/components/Facts";
import { TagEditor } from "@/components/TagEditor";
import { LongText } from "@/pages/run/overview/Params";
import classes from "@/pages/run/run.module.css";

interface TagProps {
  workspace: string;
  run: string;
  tags: readonly KeyValue[];
  refresh: () => Promise<unknown>;
}

export function Tags({ workspace, run, tags, refresh }: TagProps) {
  const may = useMaySomewhere(workspace);
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState(false);
  const own = tags.filter((tag) => !/^(mlflow|runyard)\./.test(tag.key));
  const theirs = tags.filter((tag) => /^(mlflow|runyard)\./.test(tag.key));
  return (
    <section className={`panel ${classes.card}`} aria-label="Tags">
      <div className={classes.cardHead}>
        <Title order={2}>Tags</Title>
        {may("runs/write") && (
          <Button variant="subtle" leftSection={<IconTags size={14} />} onClick={() => setOpen(true)}>
            Edit
          </Button>
        )}
      </div>
      {own.length === 0 && <span className="quiet">No tags yet.</span>}
      <div className={classes.chips}>
        {own.map((tag) => (
          <Badge key={tag.key} maw="100%" title={`${tag.key}: ${tag.value}`}>
            {tag.key}: {tag.value}
          </Badge>
        ))}
      </div>
      {theirs.length > 0 && (
        <Button variant="subtle" mt={6} px={0} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Hide" : "Show"} {theirs.length} set by clients
        </Button>
      )}
      {all && (
        <Facts facts={theirs.map((tag) => [tag.key, <LongText key={tag.key} text={tag.value} />] as const)} />
      )}
      <TagEditor
        open={open}
        onClose={() => setOpen(false)}
        title="Tags of the run"
        tags={tags}
        set={(key, value) => setRunTag(workspace, run, key, value).then(refresh)}
        remove={(key) => deleteRunTag(workspace, run, key).then(refresh)}
      />
    </section>
  );
}
