/** Pieces of MLflow's filter grammar. Pure. */

/** A text as the grammar quotes it; it knows no escapes, so the quote that the text lacks is used. */
export function quoted(text: string): string {
  return text.includes("'") ? `"${text.replaceAll('"', "")}"` : `'${text}'`;
}

/** A condition that a column holds a text, and perhaps a few others: one with both quotes can only be told by LIKE. */
export function holds(column: string, text: string): string {
  if (!text.includes("'") || !text.includes('"')) return `${column} = ${quoted(text)}`;
  return `${column} LIKE '${text.replaceAll("'", "_")}'`;
}

/** A key after `metrics.`, `params.` or `tags.`: in backticks when it is more than a word. */
export function key(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll("`", "")}\``;
}

/** Text for LIKE that finds it anywhere. */
export const anywhere = (text: string): string => quoted(`%${text}%`);
