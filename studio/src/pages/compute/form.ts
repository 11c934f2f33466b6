/** What somebody fills in about a compute target, and what is sent of it. Pure. */
import type { Compute, ComputeChange, Limits, NewCompute } from "@/api/compute";
import { type Field, type Host, hostName, hostsOf, type Kind, kindOf, LIMITS } from "@/pages/compute/kinds";

/** What somebody filled in: texts of settings and secrets, and numbers of limits. */
export interface Filled {
  name: string;
  description: string;
  groups: string;
  server_url: string;
  base: string;
  size: string;
  fields: Record<string, string>;
  limits: Partial<Record<keyof Limits, number | "">>;
}

export const EMPTY: Filled = {
  name: "",
  description: "",
  groups: "",
  server_url: "",
  base: "",
  size: "",
  fields: {},
  limits: {},
};

/** A target as it is, to be changed. */
export function filledOf(compute: Compute): Filled {
  const fields = kindOf(compute.kind).fields.filter((one) => !one.secret);
  return {
    name: compute.name,
    description: compute.description,
    groups: compute.groups.join(", "),
    server_url: compute.server_url,
    base: compute.base,
    size: compute.size,
    fields: Object.fromEntries(
      fields.map((field) => [field.name, textOf(field, compute.settings[field.name])]),
    ),
    limits: { ...compute.limits },
  };
}

function textOf(field: Field, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (field.kind === "hosts") return hostsOf(value).map(hostLine).join("\n");
  if (field.kind === "lines") return Array.isArray(value) ? value.map(String).join("\n") : String(value);
  return String(value);
}

const hostLine = (host: Host): string => [hostName(host), host.host_key ?? ""].filter(Boolean).join(" ");

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((one) => one.trim())
    .filter(Boolean);

/** `gpu1`, `gpu1:2222`, `[::1]:22`, each with the public key after a blank, if it is known. */
export function readHost(line: string): Host {
  const [place = "", ...key] = line.trim().split(/\s+/);
  const found = /^\[([^\]]+)\](?::(\d+))?$/.exec(place) ?? /^([^:]*)(?::(\d+))?$/.exec(place);
  const host: Host = { address: found?.[1] ?? place, port: found?.[2] ? Number(found[2]) : 22 };
  if (key.length > 0) host.host_key = key.join(" ");
  return host;
}

function read(field: Field, text: string): unknown {
  if (field.kind === "hosts") return lines(text).map(readHost);
  if (field.kind === "lines") return lines(text);
  if (field.kind === "number") return Number(text);
  return text.trim();
}

/** What stayed empty is left out, so that the server's own words name what is missing. */
function settingsOf(kind: Kind, filled: Filled, before: Record<string, unknown>): Record<string, unknown> {
  const settings = { ...before };
  for (const field of kind.fields) {
    if (field.secret) continue;
    const text = filled.fields[field.name] ?? "";
    if (text.trim() === "") delete settings[field.name];
    else settings[field.name] = read(field, text);
  }
  return settings;
}

function credentialsOf(kind: Kind, filled: Filled): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const field of kind.fields) {
    const text = filled.fields[field.name] ?? "";
    if (!field.secret || text === "") continue;
    if (field.name === "authorization") found.headers = { Authorization: text };
    else found[field.name] = field.long ? `${text.trimEnd()}\n` : text;
  }
  return found;
}

const numbersOf = (kind: Kind, filled: Filled): Partial<Limits> =>
  Object.fromEntries(
    LIMITS.filter((one) => !one.pool || kind.kind === "pool").flatMap(({ name }) => {
      const value = filled.limits[name];
      return value === undefined || value === "" ? [] : [[name, Number(value)]];
    }),
  );
const groupsOf = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter(Boolean);

export function newCompute(kind: Kind, filled: Filled): NewCompute {
  return {
    name: filled.name.trim(),
    kind: kind.kind,
    settings: settingsOf(kind, filled, {}),
    credentials: credentialsOf(kind, filled),
    limits: numbersOf(kind, filled),
    description: filled.description,
    groups: groupsOf(filled.groups),
    server_url: filled.server_url.trim(),
    base: kind.kind === "pool" ? filled.base : "",
    size: kind.kind === "pool" ? filled.size : "",
  };
}

/** What differs from how it was; secrets only where new ones were typed. */
export function changesOf(compute: Compute, filled: Filled): ComputeChange {
  const kind = kindOf(compute.kind);
  const made = newCompute(kind, filled);
  const was = filledOf(compute);
  const changed = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
  const change: ComputeChange = {};
  const own = kind.fields.filter((field) => !field.secret).map((field) => field.name);
  const texts = (of: Filled) => own.map((name) => of.fields[name] ?? "");
  if (changed(texts(was), texts(filled))) change.settings = settingsOf(kind, filled, compute.settings);
  if (Object.keys(made.credentials).length > 0) change.credentials = made.credentials;
  // What was emptied has no limit any more.
  const limits = { ...compute.limits, ...zeros(filled), ...made.limits };
  if (changed(compute.limits, limits)) change.limits = limits;
  if (changed(compute.groups, made.groups)) change.groups = made.groups;
  for (const name of ["description", "server_url", "base", "size"] as const)
    if (compute[name] !== made[name]) change[name] = made[name];
  return change;
}
const zeros = (filled: Filled): Partial<Limits> =>
  Object.fromEntries(
    Object.entries(filled.limits).flatMap(([name, value]) => (value === "" ? [[name, 0]] : [])),
  );

/** Keys and values, one pair on each line: `partition=gpu`. */
export const pairsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
export const pairsText = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
