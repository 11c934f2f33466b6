/** From what somebody fills in to what is submitted. Pure. */
import type { JobDefinition } from "@/api/jobs";

const PYTHON = /^python(3(\.\d+)?)?$/;
const LEFT_OUT = /(^|\/)(\.git|\.hg|__pycache__|\.venv|node_modules|\.ipynb_checkpoints)(\/|$)/;

/** The path of a file of a chosen folder below that folder; null: what is never a source. */
export function pathBelow(relative: string, name: string): string | null {
  const path = relative.includes("/") ? relative.slice(relative.indexOf("/") + 1) : name;
  return LEFT_OUT.test(path) ? null : path;
}

/** What a job asks of its target, of each machine; left out: whatever the target gives. */
export interface Needs {
  gpus?: number | undefined;
  cpus?: number | undefined;
  memoryGib?: number | undefined;
  nodes?: number | undefined;
  processes?: number | undefined;
  minutes?: number | undefined;
}

/** Several processes find one another by the variables of torch.distributed. */
export function needed({ gpus, cpus, memoryGib, nodes, processes, minutes }: Needs): JobDefinition {
  const resources = {
    ...(gpus ? { gpus } : {}),
    ...(cpus ? { cpus } : {}),
    ...(memoryGib ? { memory_mb: Math.round(memoryGib * 1024) } : {}),
  };
  return {
    ...(Object.keys(resources).length > 0 ? { resources } : {}),
    ...(nodes ? { node_count: nodes } : {}),
    ...(processes ? { process_count: processes } : {}),
    ...((nodes ?? 1) * (processes ?? 1) > 1 ? { communicator: "PyTorch" } : {}),
    ...(minutes ? { max_seconds: Math.max(1, Math.round(minutes * 60)) } : {}),
  };
}

/** The command that is most likely meant; "": none is. */
export function likelyCommand(paths: readonly string[]): string {
  const scripts = paths.filter((one) => one.endsWith(".py") && !one.includes("/"));
  const script = scripts.length === 1 ? scripts[0] : scripts.find((one) => /^(train|main)\.py$/.test(one));
  return script ? `python ${/\s/.test(script) ? `'${script}'` : script}` : "";
}

/** A Python script is run by the environment's Python; anything else is a program of the machine. */
export function definitionOf(words: readonly string[], requirements: string): JobDefinition {
  const [program = "", script = "", ...rest] = words;
  const pip = requirements
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const environment =
    pip.length > 0
      ? { python: { userManagedDependencies: false, condaDependencies: { dependencies: [{ pip }] } } }
      : {};
  return PYTHON.test(program) && script.endsWith(".py")
    ? { script, arguments: rest, environment }
    : { command: [...words], environment };
}
