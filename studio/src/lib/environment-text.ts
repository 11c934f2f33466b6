/** What an environment is made of, as it is seen beside a run. Pure. */

const record = (raw: unknown): Record<string, unknown> =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
const text = (raw: unknown): string =>
  typeof raw === "string" || typeof raw === "number" ? String(raw) : "";

export interface EnvironmentText {
  /** `sklearn:3`, or what it is in a few words. */
  name: string;
  /** Its packages, one on each line, those of pip after those of conda; "": none are named. */
  packages: string;
  /** The image that it starts from, when it is one. */
  image: string;
}

export function environmentText(raw: unknown): EnvironmentText {
  const { name, version, python, docker } = record(raw);
  const { userManagedDependencies, interpreterPath, condaDependencies } = record(python);
  const given = userManagedDependencies === true;
  const { dependencies } = record(condaDependencies);
  const all = Array.isArray(dependencies) ? dependencies : [];
  const conda = all.map(text).filter(Boolean);
  const pip = all.flatMap((one) => {
    const found = record(one).pip;
    return Array.isArray(found) ? found.map(text).filter(Boolean) : [];
  });
  const { enabled, baseImage, baseDockerfile } = record(docker);
  const named = text(name) && (text(version) ? `${text(name)}:${text(version)}` : text(name));
  const own = given ? `the machine's own Python (${text(interpreterPath) || "python"})` : "";
  return {
    name: named || own || (all.length > 0 ? "of its own" : "the machine's own Python"),
    packages: given ? "" : [...conda, ...pip.map((one) => `pip: ${one}`)].join("\n"),
    image: enabled === true ? text(baseImage) || (text(baseDockerfile) ? "made from a Dockerfile" : "") : "",
  };
}
