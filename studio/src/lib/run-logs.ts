/** Which log of a submitted run comes first, and which is read unless somebody chose. Pure. */

export const OUTPUT = "user_logs/std_log.txt";
export const BUILD = "azureml-logs/20_image_build_log.txt";

/** The build log, what the script writes, its other processes, all else; each by name. */
export function inOrder<T extends { name: string }>(logs: readonly T[]): T[] {
  const rank = ({ name }: T) =>
    name === BUILD
      ? 0
      : name === OUTPUT
        ? 1
        : name.startsWith("user_logs/")
          ? 2
          : name.startsWith("system_logs/")
            ? 4
            : 3;
  const collator = new Intl.Collator("en", { numeric: true });
  return [...logs].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name));
}

/** What the script writes, once there is any; before that, how its environment is made. */
export function firstRead<T extends { name: string; size: number }>(logs: readonly T[]): T | undefined {
  const named = (name: string) => logs.find((one) => one.name === name && one.size > 0);
  return named(OUTPUT) ?? named(BUILD) ?? logs.find((one) => one.size > 0) ?? logs[0];
}
