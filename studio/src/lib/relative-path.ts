/** Where a relative address inside of a file leads. Pure. */

/** The path from the top; null: it leads elsewhere, or out of the files. */
export function below(folder: string, address: string): string | null {
  if (address === "" || /^(?:[a-z][a-z0-9+.-]*:|[/\\#?])/i.test(address)) return null;
  let text = address.split(/[?#]/)[0]!;
  try {
    text = decodeURIComponent(text);
  } catch {
    return null;
  }
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of text.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length > 0 ? parts.join("/") : null;
}
