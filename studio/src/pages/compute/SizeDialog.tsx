import {
  Alert,
  Button,
  Group,
  Modal,
  NumberInput,
  SimpleGrid,
  Stack,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { putSize, type Size } from "@/api/compute";
import { useSay } from "@/components/notices";
import { pairsOf, pairsText } from "@/pages/compute/form";

interface SizeProps {
  workspace: string;
  compute: string;
  /** The one that is changed; null: another is made. */
  size: Size | null;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}

/** A name for so much of a machine. */
export function SizeDialog({ open, ...props }: SizeProps & { open: boolean }) {
  return (
    <Modal
      opened={open}
      onClose={props.onClose}
      title={props.size ? `Edit ${props.size.name}` : "New size"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {open && <Form {...props} />}
    </Modal>
  );
}

function Form({ workspace, compute, size, onClose, onDone }: SizeProps) {
  const say = useSay();
  const [name, setName] = useState(size?.name ?? "");
  const [cpus, setCpus] = useState(size?.resources.cpus ?? 0);
  const [memory, setMemory] = useState((size?.resources.memory_mb ?? 0) / 1024);
  const [gpus, setGpus] = useState(size?.resources.gpus ?? 0);
  const [nodes, setNodes] = useState(size?.max_nodes ?? 0);
  const [options, setOptions] = useState(pairsText(size?.options ?? {}));
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await putSize(workspace, name.trim(), {
        compute,
        resources: { cpus, memory_mb: Math.round(memory * 1024), gpus },
        max_nodes: nodes,
        options: pairsOf(options),
      });
      await onDone();
      say.done(size ? `Changed ${name}` : `${name} is a size of ${compute} now`);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const number = (label: string, value: number, set: (value: number) => void, decimal = false) => (
    <NumberInput
      label={label}
      min={0}
      allowDecimal={decimal}
      value={value === 0 ? "" : value}
      onChange={(next) => set(Number(next) || 0)}
    />
  );
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {!size && (
          <TextInput
            label="Name"
            description="As scripts ask for it"
            placeholder="STANDARD_NC6"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <SimpleGrid cols={2} spacing="sm">
          {number("CPUs", cpus, setCpus)}
          {number("Memory in GiB", memory, setMemory, true)}
          {number("GPUs", gpus, setGpus)}
          {number("Most nodes at once", nodes, setNodes)}
        </SimpleGrid>
        <Textarea
          label="Options for the target"
          description="One on each line"
          placeholder="partition=gpu"
          autosize
          minRows={2}
          maxRows={6}
          spellCheck={false}
          value={options}
          onChange={(event) => setOptions(event.currentTarget.value)}
        />
        {problem && (
          <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">{size ? "Save" : "Create"}</Button>
        </Group>
      </Stack>
    </form>
  );
}
