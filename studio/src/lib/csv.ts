/** Tables as CSV (RFC 4180). Pure. */

/** A field; what a spreadsheet would take for a formula is marked as text. */
export function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const text =
    typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value))
      ? `'${value}`
      : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const line = (values: readonly (string | number | null | undefined)[]): string =>
  `${values.map(field).join(",")}\r\n`;
