/** A script of one's own, sent from the browser with its files. */
import { Alert, Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconFiles, IconFolder } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { canSubmit, keepSources, type SourceFile, submitJob } from "@/api/submission";
import { NeedsFields } from "@/components/jobs/NeedsFields";
import { useSubmitting, useTargets } from "@/components/jobs/use-submitting";
import { bytes } from "@/lib/format";
import { wordsOf } from "@/lib/shell-words";
import { definitionOf, likelyCommand, type Needs, needed, pathBelow } from "@/lib/submission";

const MONO = { input: { fontFamily: "var(--mantine-font-family-monospace)" } };

export function SubmitDialog({
  workspace,
  opened,
  onClose,
}: {
  workspace: string;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Submit a script"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {opened && <Form workspace={workspace} onClose={onClose} />}
    </Modal>
  );
}

function Form({ workspace, onClose }: { workspace: string; onClose: () => void }) {
  const { targets: found, none, error } = useTargets(workspace);
  const targets = found.map((one) => one.name);
  const [chosen, setChosen] = useState<string | null>(null);
  const target = chosen ?? (targets.length === 1 ? targets[0]! : null);
  const [files, setFiles] = useState<SourceFile[]>([]);
  const [line, setLine] = useState("");
  const [requirements, setRequirements] = useState("");
  const [experiment, setExperiment] = useState("");
  const [name, setName] = useState("");
  const [needs, setNeeds] = useState<Needs>({});
  const { busy, problem, submit } = useSubmitting(workspace, onClose);
  const take = (chosen: SourceFile[]) => {
    setFiles(chosen);
    if (line === "") setLine(likelyCommand(chosen.map((one) => one.path)));
    const packages = chosen.find((one) => one.path === "requirements.txt");
    if (requirements === "" && packages) packages.file.text().then(setRequirements, () => undefined); // it may have gone since it was chosen
  };
  const send = async () => {
    const definition = { ...definitionOf(wordsOf(line), requirements), ...needed(needs) };
    if (definition.script && !files.some((one) => one.path === definition.script))
      throw new Error(`${definition.script} is not among the files: choose it, or the folder that it is in.`);
    const snapshot_id = files.length > 0 ? await keepSources(workspace, files) : "";
    return submitJob(workspace, {
      experiment_name: experiment,
      target: target!,
      definition,
      snapshot_id,
      ...(name ? { run_name: name } : {}),
    });
  };
  if (!canSubmit())
    return (
      <Alert color="orange">
        Over plain HTTP from another machine a browser cannot tell files apart. Open this page over HTTPS, or
        use <code>runyard run submit</code>.
      </Alert>
    );
  return (
    <form onSubmit={(event) => submit(event, target, send)}>
      <Stack gap="sm">
        <Select
          label="Target"
          required
          searchable={targets.length > 8}
          allowDeselect={false}
          data={targets}
          value={target}
          onChange={setChosen}
          error={error}
          description={
            none ? "This workspace has no compute target: attach one on the page Compute first." : undefined
          }
        />
        <Sources files={files} onChange={take} />
        <TextInput
          label="Command"
          description="It runs in the folder of the files; words with blanks stand in quotation marks"
          placeholder="python train.py --lr 0.1"
          required
          spellCheck={false}
          value={line}
          onChange={(event) => setLine(event.currentTarget.value)}
          styles={MONO}
        />
        <Textarea
          label="Packages"
          description="One requirement of pip a line; empty: the Python of the machine as it is"
          placeholder={"mlflow-skinny\nscikit-learn==1.7.2"}
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          value={requirements}
          onChange={(event) => setRequirements(event.currentTarget.value)}
          styles={MONO}
        />
        <Group grow align="flex-start">
          <TextInput
            label="Experiment"
            description="It is made if it is not there"
            required
            value={experiment}
            onChange={(event) => setExperiment(event.currentTarget.value)}
          />
          <TextInput
            label="Name of the run"
            description="Empty: one is found"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </Group>
        <NeedsFields needs={needs} onChange={setNeeds} />
        {problem && (
          <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={target === null}>
            Submit
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Files, or a folder with all that is below it. */
function Sources({ files, onChange }: { files: SourceFile[]; onChange: (files: SourceFile[]) => void }) {
  const some = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (list: FileList | null) =>
    onChange(
      Array.from(list ?? []).flatMap((file) => {
        const path = pathBelow(file.webkitRelativePath, file.name);
        return path === null ? [] : [{ path, file }];
      }),
    );
  const size = files.reduce((sum, one) => sum + one.file.size, 0);
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <Text component="legend" fz={13} fw={700} p={0}>
        Files
      </Text>
      <Group gap="xs" mt={4}>
        <Button
          variant="default"
          leftSection={<IconFolder size={15} aria-hidden />}
          onClick={() => folder.current?.click()}
        >
          Choose a folder
        </Button>
        <Button
          variant="default"
          leftSection={<IconFiles size={15} aria-hidden />}
          onClick={() => some.current?.click()}
        >
          Choose files
        </Button>
        <Text size="xs" className="quiet" role="status">
          {files.length === 0
            ? "None yet"
            : `${files.length} ${files.length === 1 ? "file" : "files"}, ${bytes(size)}`}
        </Text>
      </Group>
      <input
        ref={some}
        type="file"
        multiple
        hidden
        aria-label="Files of the script"
        onChange={(event) => take(event.currentTarget.files)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder of the script"
        {...{ webkitdirectory: "" }}
        onChange={(event) => take(event.currentTarget.files)}
      />
    </fieldset>
  );
}
