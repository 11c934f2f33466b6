/** What a job asks of its target; folded, since most ask for nothing. */
import { NumberInput, SimpleGrid } from "@mantine/core";
import classes from "@/components/jobs/jobs.module.css";
import type { Needs } from "@/lib/submission";

const FIELDS: readonly { name: keyof Needs; label: string; placeholder: string; decimal?: boolean }[] = [
  { name: "gpus", label: "GPUs", placeholder: "none" },
  { name: "cpus", label: "CPUs", placeholder: "as the target gives" },
  { name: "memoryGib", label: "Memory in GiB", placeholder: "as the target gives", decimal: true },
  { name: "nodes", label: "Machines", placeholder: "1" },
  { name: "processes", label: "Processes on each", placeholder: "1" },
  { name: "minutes", label: "Longest time in minutes", placeholder: "no limit", decimal: true },
];

export function NeedsFields({ needs, onChange }: { needs: Needs; onChange: (needs: Needs) => void }) {
  return (
    <details>
      <summary className={classes.summary}>What it needs</summary>
      <SimpleGrid mt="sm" cols={{ base: 2, xs: 3 }} spacing="sm" verticalSpacing="sm">
        {FIELDS.map(({ name, label, placeholder, decimal }) => (
          <NumberInput
            key={name}
            label={label}
            placeholder={placeholder}
            min={0}
            allowDecimal={decimal ?? false}
            value={needs[name] ?? ""}
            onChange={(next) => onChange({ ...needs, [name]: Number(next) || undefined })}
          />
        ))}
      </SimpleGrid>
    </details>
  );
}
