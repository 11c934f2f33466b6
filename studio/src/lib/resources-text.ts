/** Of a node or a size: 8 CPUs · 32 GiB · 2 GPUs. Pure. */
export function resourcesText(of: { cpus?: number; memory_mb?: number; gpus?: number }): string {
  const number = (count: number | undefined, word: string) =>
    count ? `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}` : "";
  const memory = of.memory_mb
    ? of.memory_mb >= 1024
      ? `${Number((of.memory_mb / 1024).toPrecision(3)).toLocaleString("en-US")} GiB`
      : `${of.memory_mb} MiB`
    : "";
  return [number(of.cpus, "CPU"), memory, number(of.gpus, "GPU")].filter(Boolean).join(" · ");
}
