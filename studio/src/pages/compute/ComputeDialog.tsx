/** Names a machine or cluster and keeps the key to it; or changes one that is there. */
import { Alert, Button, Group, Modal, Select, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Compute, changeCompute, createCompute } from "@/api/compute";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";
import classes from "@/pages/compute/compute.module.css";
import { Common, LimitInputs, OneField } from "@/pages/compute/Fields";
import { changesOf, EMPTY, type Filled, filledOf, newCompute } from "@/pages/compute/form";
import { type Field, KINDS, kindOf } from "@/pages/compute/kinds";
import { PoolFields } from "@/pages/compute/PoolFields";

export function ComputeDialog({
  workspace,
  open,
  onClose,
  compute,
}: {
  workspace: string;
  open: boolean;
  onClose: () => void;
  /** The one that is changed; none: another is made. */
  compute?: Compute;
}) {
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title={compute ? `Edit ${compute.name}` : "New compute target"}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
      styles={{ title: { overflowWrap: "anywhere" } }}
    >
      {/* Keys do not stay in the page when the dialog is gone. */}
      {open && <Form workspace={workspace} onClose={onClose} {...(compute ? { compute } : {})} />}
    </Modal>
  );
}

function Form({
  workspace,
  onClose,
  compute,
}: {
  workspace: string;
  onClose: () => void;
  compute?: Compute;
}) {
  const say = useSay();
  const refresh = useJobsRefresh(workspace);
  const [kind, setKind] = useState(compute ? kindOf(compute.kind) : KINDS[0]!);
  const [filled, setFilled] = useState<Filled>(compute ? filledOf(compute) : EMPTY);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const fill = (part: Partial<Filled>) => setFilled((old) => ({ ...old, ...part }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const made = compute
        ? await changeCompute(workspace, compute.name, changesOf(compute, filled))
        : await createCompute(workspace, newCompute(kind, filled));
      await refresh();
      if (made.error) say.error(`${made.name} is kept, but does not answer: ${made.error}`);
      else say.done(compute ? `Changed ${made.name}` : `${made.name} is there`);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const one = (field: Field) => (
    <OneField
      key={`${kind.kind} ${field.name}`}
      field={field}
      value={filled.fields[field.name] ?? ""}
      kept={compute?.has_credentials[field.name === "authorization" ? "headers" : field.name] === true}
      onChange={(value) => fill({ fields: { ...filled.fields, [field.name]: value } })}
    />
  );
  const seldom = kind.fields.filter((field) => field.more);
  return (
    <form onSubmit={submit} autoComplete="off">
      <Stack gap="sm">
        {!compute && (
          <Select
            label="Kind"
            description={kind.about}
            allowDeselect={false}
            value={kind.kind}
            onChange={(next) => {
              setKind(kindOf(next ?? kind.kind));
              fill({ fields: {} });
              setProblem(null);
            }}
            data={KINDS.map((one) => ({ value: one.kind, label: one.label }))}
          />
        )}
        <Common filled={filled} fill={fill} named={compute === undefined} />
        {kind.kind === "pool" && <PoolFields workspace={workspace} filled={filled} fill={fill} />}
        {kind.fields.filter((field) => !field.more).map(one)}
        {seldom.length > 0 && (
          <details>
            <summary className={classes.summary}>More settings</summary>
            <Stack gap="sm" mt="sm">
              {seldom.map(one)}
            </Stack>
          </details>
        )}
        <details open={compute !== undefined}>
          <summary className={classes.summary}>Limits, and who may use it</summary>
          <LimitInputs pool={kind.kind === "pool"} filled={filled} fill={fill} />
        </details>
        {problem && (
          <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {compute ? "Save" : "Create"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
