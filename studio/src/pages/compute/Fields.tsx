/** The parts of the form of a compute target. */
import { NumberInput, PasswordInput, SimpleGrid, Textarea, TextInput } from "@mantine/core";
import type { Limits } from "@/api/compute";
import { duration } from "@/lib/format";
import type { Filled } from "@/pages/compute/form";
import { type Field, LIMITS } from "@/pages/compute/kinds";

export type Fill = (part: Partial<Filled>) => void;

const MONOSPACE = { input: { fontFamily: "var(--mantine-font-family-monospace)" } };

export function OneField({
  field,
  value,
  kept,
  onChange,
}: {
  field: Field;
  value: string;
  /** A secret that the server has, and does not tell. */
  kept: boolean;
  onChange: (value: string) => void;
}) {
  const common = {
    label: field.label,
    description: kept ? "Kept. Leave it empty so that it stays as it is" : field.help,
    placeholder: field.example,
    required: field.required ?? false,
    value,
    spellCheck: false,
  };
  if (field.long || field.kind === "lines" || field.kind === "hosts")
    return (
      <Textarea
        {...common}
        autosize
        minRows={field.kind === "lines" ? 1 : 2}
        maxRows={8}
        styles={MONOSPACE}
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

/** What all kinds have. */
export function Common({ filled, fill, named }: { filled: Filled; fill: Fill; named: boolean }) {
  return (
    <>
      {named && (
        <TextInput
          label="Name"
          description="What scripts call it"
          required
          data-autofocus
          value={filled.name}
          onChange={(event) => fill({ name: event.currentTarget.value })}
        />
      )}
      <TextInput
        label="Description"
        value={filled.description}
        onChange={(event) => fill({ description: event.currentTarget.value })}
      />
    </>
  );
}

/** Who may use it, how much of it, and how its machines reach the server. */
export function LimitInputs({ pool, filled, fill }: { pool: boolean; filled: Filled; fill: Fill }) {
  const set = (name: keyof Limits, value: number | string) =>
    fill({ limits: { ...filled.limits, [name]: value === "" ? "" : Number(value) } });
  return (
    <SimpleGrid mt="sm" cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
      {LIMITS.filter((one) => pool || !one.pool).map(({ name, label, help }) => {
        const value = filled.limits[name];
        const seconds = name.endsWith("seconds") && typeof value === "number" && value >= 60;
        return (
          <NumberInput
            key={name}
            label={label}
            placeholder="no limit"
            description={seconds ? duration(value * 1000) : help}
            inputWrapperOrder={["label", "input", "description"]}
            min={0}
            allowDecimal={false}
            value={value === 0 || value === undefined ? "" : value}
            onChange={(next) => set(name, next)}
          />
        );
      })}
      <TextInput
        label="Only for these groups"
        description="With commas between them. None: all who may submit here"
        inputWrapperOrder={["label", "input", "description"]}
        value={filled.groups}
        onChange={(event) => fill({ groups: event.currentTarget.value })}
      />
      <TextInput
        label="Address of this server for its machines"
        description="Only if they reach it by another than people do"
        inputWrapperOrder={["label", "input", "description"]}
        placeholder="https://runyard.internal"
        value={filled.server_url}
        onChange={(event) => fill({ server_url: event.currentTarget.value })}
      />
    </SimpleGrid>
  );
}
