import { expect, test } from "vitest";
import { blank, KINDS, kindName, request, whereIs } from "@/pages/datastores/kinds";

const of = (kind: string) => KINDS.find((one) => one.kind === kind)!;

test("secrets go apart from what everybody may read, and what is empty does not go at all", () => {
  const s3 = of("s3");
  const filled = { ...blank(s3), bucket: "images", access_key_id: "AK", secret_access_key: "hush" };
  expect(request(s3, "pictures", filled, true)).toEqual({
    name: "pictures",
    kind: "s3",
    config: { bucket: "images", region: "us-east-1", access_key_id: "AK" },
    secret: { secret_access_key: "hush" },
    skip_validation: false,
  });
});

test("numbers and switches are sent as such", () => {
  const sftp = of("sftp");
  const sent = request(
    sftp,
    "lab",
    { ...blank(sftp), host: "h", user: "u", host_key: "k", port: "2222" },
    false,
  );
  expect(sent.config).toEqual({ host: "h", user: "u", host_key: "k", port: 2222, path: "." });
  expect(sent.skip_validation).toBe(true);
  expect("secret" in sent).toBe(false);
  const gcs = of("gcs");
  expect(request(gcs, "g", { ...blank(gcs), bucket: "b", anonymous: true }, true).config).toEqual({
    bucket: "b",
    anonymous: true,
  });
});

test("a datastore tells where it is", () => {
  expect(whereIs({ kind: "s3", config: { bucket: "b", prefix: "p", endpoint: "http://e" } })).toBe(
    "s3://b/p at http://e",
  );
  expect(whereIs({ kind: "azure", config: { account: "a", container: "c" } })).toBe("a/c");
  expect(whereIs({ kind: "sftp", config: { user: "u", host: "h" } })).toBe("u@h:.");
  expect(whereIs({ kind: "workspace", config: {} })).not.toBe("");
  expect(whereIs({ kind: "tape", config: {} })).toBe("");
  expect(kindName("gcs")).toBe("Google Cloud Storage");
  expect(kindName("tape")).toBe("tape");
});
