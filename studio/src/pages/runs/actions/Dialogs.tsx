/** Small questions before something is done with runs: which tag, which name. */
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useSay } from "@/components/notices";
import { runs } from "@/pages/runs/actions/many";
import type { RunActions } from "@/pages/runs/actions/use-actions";

export type Asking = { what: "tag"; ids: string[] } | { what: "rename"; id: string; name: string } | null;

export function Dialogs({
  asking,
  actions,
  onClose,
}: {
  asking: Asking;
  actions: RunActions;
  onClose: () => void;
}) {
  const title = asking?.what === "tag" ? `Tag ${runs(asking.ids.length)}` : "Rename run";
  return (
    <Modal
      opened={asking !== null}
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {asking?.what === "tag" && <Tag ids={asking.ids} actions={actions} onClose={onClose} />}
      {asking?.what === "rename" && (
        <Rename id={asking.id} name={asking.name} actions={actions} onClose={onClose} />
      )}
    </Modal>
  );
}

function Tag({ ids, actions, onClose }: { ids: string[]; actions: RunActions; onClose: () => void }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  return (
    <Form
      action="Tag"
      ready={key.trim() !== ""}
      onClose={onClose}
      work={() => actions.tag(ids, key.trim(), value)}
    >
      <TextInput
        data-autofocus
        label="Tag"
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
        maxLength={250}
      />
      <TextInput
        mt="xs"
        label="Value"
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
    </Form>
  );
}

function Rename({
  id,
  name,
  actions,
  onClose,
}: {
  id: string;
  name: string;
  actions: RunActions;
  onClose: () => void;
}) {
  const [text, setText] = useState(name);
  return (
    <Form
      action="Rename"
      ready={text.trim() !== "" && text !== name}
      onClose={onClose}
      work={() => actions.rename(id, text.trim())}
    >
      <TextInput
        data-autofocus
        label="Name"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={250}
      />
    </Form>
  );
}

function Form({
  action,
  ready,
  work,
  onClose,
  children,
}: {
  action: string;
  ready: boolean;
  work: () => Promise<void>;
  onClose: () => void;
  children: React.ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const say = useSay();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    try {
      await work();
      onClose();
    } catch (error) {
      say.error(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      {children}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={!ready}>
          {action}
        </Button>
      </Group>
    </form>
  );
}
