/** From what somebody fills in to what is submitted. Pure. */
import type { JobDefinition } from "@/api/jobs";

const PYTHON = /^python(3(\.\d+)?)?$/;
const LEFT_OUT = /(^|\/)(\.git|\.hg|__pycache__|\.venv|node_modules|\.ipynb_checkpoints)(\/|$)/;

/** The path of a file of a chosen folder below that folder; null: what is never a source. */
export function pathBelow(relative: string, name: string): string | null {
  const path = relative.includes("/") ? relative.slice(relative.indexOf("/") + 1) : name;
  return LEFT_OUT.test(path) ? null : path;
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
