/** Makes a version of a registered model from what the run logged. */
import { Autocomplete, Button, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError } from "@/api/http";
import { createModel, createVersion, modelsQuery } from "@/api/models";
import type { RunPageData } from "@/api/run-page";
import { useSay } from "@/components/notices";

interface RegisterProps {
  open: boolean;
  onClose: () => void;
  workspace: string;
  page: RunPageData;
  refresh: () => Promise<unknown>;
  /** The directory of the run's artifacts that is asked for; else its first logged model. */
  path?: string;
  /** The logged model that is asked for. */
  model?: string;
}

const ELSE = "";

export function RegisterModel({ open, onClose, workspace, page, refresh, path, model }: RegisterProps) {
  const models = page.logged_models;
  const [source, setSource] = useState(ELSE);
  const [folder, setFolder] = useState(path ?? "model");
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const say = useSay();
  const client = useQueryClient();
  const found = useInfiniteQuery({ ...modelsQuery(workspace, ""), enabled: open });
  const names = found.data?.pages.flatMap((one) => one.registered_models ?? []).map((one) => one.name) ?? [];
  const first = models[0]?.model_id ?? ELSE;
  useEffect(() => {
    if (!open) return;
    setSource(model ?? (path === undefined ? first : ELSE));
    setFolder(path ?? "model");
    setProblem(null);
  }, [open, path, model, first]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const run_id = page.run.info.run_id;
    try {
      await createModel(workspace, name).catch((error) => {
        if (!(error instanceof ApiError && error.code === "RESOURCE_ALREADY_EXISTS")) throw error;
      });
      const made = await createVersion(workspace, {
        name,
        run_id,
        source: source === ELSE ? `runs:/${run_id}/${folder}` : `models:/${source}`,
      });
      await client.invalidateQueries({ queryKey: ["models", workspace] });
      await refresh();
      say.done(`Registered version ${made.model_version.version} of ${name}`);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title="Register a model"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Autocomplete
            label="Registered model"
            description="Another version of one that is there, or a new name"
            required
            data-autofocus
            data={[...new Set(names)]}
            limit={20}
            value={name}
            onChange={setName}
            error={problem}
          />
          {models.length > 0 && (
            <NativeSelect
              label="What is registered"
              value={source}
              onChange={(event) => setSource(event.currentTarget.value)}
              data={[
                ...models.map((one) => ({ value: one.model_id, label: one.name || one.model_id })),
                { value: ELSE, label: "A directory of the run's artifacts" },
              ]}
            />
          )}
          {source === ELSE && (
            <TextInput
              label="Directory of the run's artifacts"
              required
              value={folder}
              onChange={(event) => setFolder(event.currentTarget.value)}
            />
          )}
        </Stack>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Register
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
