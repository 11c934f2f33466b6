/** What each kind of datastore needs to be attached: its fields, and which of them are secret. Pure. */
import type { ConfigValue, Datastore, NewDatastore } from "@/api/datastores";

export interface Field {
  name: string;
  label: string;
  required?: boolean;
  secret?: boolean;
  /** Several lines: keys. */
  long?: boolean;
  kind?: "number" | "switch";
  example?: string;
  initial?: string;
  help?: string;
}

export interface Kind {
  kind: string;
  label: string;
  about: string;
  fields: readonly Field[];
}

const ENDPOINT: Field = {
  name: "endpoint",
  label: "Endpoint",
  help: "Only for a store of your own",
  example: "https://s3.example.org",
};
const PREFIX: Field = {
  name: "prefix",
  label: "Folder",
  help: "Only what is below it is seen",
  example: "team/data",
};
const ANONYMOUS: Field = { name: "anonymous", label: "Public: read it without a key", kind: "switch" };

export const KINDS: readonly Kind[] = [
  {
    kind: "s3",
    label: "S3",
    about: "A bucket of Amazon S3, or of anything that speaks its protocol.",
    fields: [
      { name: "bucket", label: "Bucket", required: true },
      PREFIX,
      ENDPOINT,
      { name: "region", label: "Region", initial: "us-east-1" },
      { name: "access_key_id", label: "Access key id" },
      { name: "secret_access_key", label: "Secret access key", secret: true },
      { name: "session_token", label: "Session token", secret: true, help: "Only with temporary keys" },
      ANONYMOUS,
    ],
  },
  {
    kind: "azure",
    label: "Azure Blob Storage",
    about: "A container of a storage account.",
    fields: [
      { name: "account", label: "Account", required: true },
      { name: "container", label: "Container", required: true },
      PREFIX,
      { ...ENDPOINT, example: "https://account.blob.core.windows.net" },
      { name: "account_key", label: "Account key", secret: true },
      {
        name: "sas_token",
        label: "Shared access signature",
        secret: true,
        help: "Instead of the account's key",
      },
      ANONYMOUS,
    ],
  },
  {
    kind: "gcs",
    label: "Google Cloud Storage",
    about: "A bucket of Google Cloud Storage.",
    fields: [
      { name: "bucket", label: "Bucket", required: true },
      PREFIX,
      { ...ENDPOINT, example: "https://storage.example.org" },
      { name: "service_account", label: "Key of a service account, as JSON", secret: true, long: true },
      ANONYMOUS,
    ],
  },
  {
    kind: "sftp",
    label: "SFTP",
    about: "A folder of a machine that one reaches by SSH.",
    fields: [
      { name: "host", label: "Host", required: true, example: "files.example.org" },
      { name: "port", label: "Port", kind: "number", initial: "22" },
      { name: "user", label: "User", required: true },
      {
        name: "host_key",
        label: "The host's public key",
        required: true,
        help: "As ssh-keyscan prints it; compare its fingerprint with what the administrator says",
        example: "ssh-ed25519 AAAA…",
      },
      { name: "path", label: "Folder", initial: "." },
      { name: "password", label: "Password", secret: true },
      { name: "private_key", label: "Private key", secret: true, long: true, help: "Instead of a password" },
      { name: "passphrase", label: "Passphrase of the key", secret: true },
    ],
  },
  {
    kind: "local",
    label: "Folder of the server",
    about: "A folder on the server's machine, below one that its administrator allowed.",
    fields: [{ name: "path", label: "Folder", required: true, example: "/srv/data/team" }],
  },
];

export type Filled = Record<string, string | boolean>;

export const blank = (kind: Kind): Filled =>
  Object.fromEntries(
    kind.fields.map((field) => [field.name, field.kind === "switch" ? false : (field.initial ?? "")]),
  );

/** What is sent: what stayed empty is left out, so that the server's own words name what is missing. */
export function request(kind: Kind, name: string, filled: Filled, look: boolean): NewDatastore {
  const config: Record<string, ConfigValue> = {};
  const secret: Record<string, string> = {};
  for (const field of kind.fields) {
    const value = filled[field.name];
    if (value === undefined || value === "" || value === false) continue;
    if (field.secret) secret[field.name] = String(value);
    else config[field.name] = field.kind === "number" ? Number(value) : value;
  }
  const made = { name, kind: kind.kind, config, skip_validation: !look };
  return Object.keys(secret).length > 0 ? { ...made, secret } : made;
}

/** What a kind is called. */
export const kindName = (kind: string): string =>
  kind === "workspace" ? "Built in" : (KINDS.find((one) => one.kind === kind)?.label ?? kind);

/** Where a datastore is, in one line. */
export function whereIs(store: Pick<Datastore, "kind" | "config">): string {
  const at = (name: string) => String(store.config[name] ?? "");
  const below = at("prefix") && `/${at("prefix")}`;
  switch (store.kind) {
    case "workspace":
      return "Among the workspace's own files";
    case "local":
      return at("path");
    case "s3":
      return `s3://${at("bucket")}${below}${at("endpoint") && ` at ${at("endpoint")}`}`;
    case "azure":
      return `${at("account")}/${at("container")}${below}`;
    case "gcs":
      return `gs://${at("bucket")}${below}`;
    case "sftp":
      return `${at("user")}@${at("host")}:${at("path") || "."}`;
    default:
      return "";
  }
}
