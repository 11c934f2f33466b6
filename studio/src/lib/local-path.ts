/** A path of this server that an address asks to go on to. Pure. */

/** The path; the start page when it would lead elsewhere, or to the login, where one comes from. */
export function localPath(text: string | undefined): string {
  const harmless = text !== undefined && [...text].every((one) => one >= " ");
  return harmless && /^\/(?![/\\])(?!login(?![\w-]))/.test(text) ? text : "/";
}
