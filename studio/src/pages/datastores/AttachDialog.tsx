import {
  Alert,
  Button,
  Group,
  Modal,
  PasswordInput,
  Select,
  Stack,
  Switch,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { attachDatastore } from "@/api/datastores";
import { useSay } from "@/components/notices";
import { blank, type Field, type Filled, KINDS, request } from "@/pages/datastores/kinds";

/** Names a place of files and keeps the key to it. */
export function AttachDialog({
  workspace,
  open,
  onClose,
}: {
  workspace: string;
  open: boolean;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const say = useSay();
  const [kind, setKind] = useState(KINDS[0]!);
  const [name, setName] = useState("");
  const [filled, setFilled] = useState<Filled>(blank(KINDS[0]!));
  const [look, setLook] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const choose = (wanted: string | null) => {
    const next = KINDS.find((one) => one.kind === wanted) ?? kind;
    setKind(next);
    setFilled(blank(next));
    setProblem(null);
  };
  /** Keys do not stay in the page when the dialog is gone. */
  const close = () => {
    choose(kind.kind);
    setName("");
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await attachDatastore(workspace, request(kind, name, filled, look));
      await client.invalidateQueries({ queryKey: ["datastores", workspace] });
      say.done(`Attached ${name}`);
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened={open}
      onClose={close}
      title="Attach a datastore"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} autoComplete="off">
        <Stack gap="sm">
          <Select
            label="Kind"
            description={kind.about}
            allowDeselect={false}
            value={kind.kind}
            onChange={choose}
            data={KINDS.map((one) => ({ value: one.kind, label: one.label }))}
          />
          <TextInput
            label="Name"
            description="What it is called in this workspace"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {kind.fields.map((field) => (
            <One
              key={`${kind.kind} ${field.name}`}
              field={field}
              value={filled[field.name] ?? ""}
              onChange={(value) => setFilled({ ...filled, [field.name]: value })}
            />
          ))}
          <Switch
            label="Look whether it can be reached first"
            checked={look}
            onChange={(event) => setLook(event.currentTarget.checked)}
          />
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Attach
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function One({
  field,
  value,
  onChange,
}: {
  field: Field;
  value: string | boolean;
  onChange: (value: string | boolean) => void;
}) {
  if (field.kind === "switch")
    return (
      <Switch
        label={field.label}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  const common = {
    label: field.label,
    description: field.help,
    placeholder: field.example,
    required: field.required ?? false,
    value: String(value),
    spellCheck: false,
  };
  if (field.long)
    return (
      <Textarea
        {...common}
        autosize
        minRows={3}
        maxRows={8}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (field.secret)
    return (
      <PasswordInput
        {...common}
        autoComplete="new-password"
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <TextInput
      {...common}
      {...(field.kind === "number" ? { inputMode: "numeric", pattern: "[0-9]*" } : {})}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
