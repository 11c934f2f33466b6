/** Where a commit can be looked at in a browser. Pure. */

/** Repositories by https and those of ssh addresses, at hosts that keep commits below `/commit/`. null: who knows. */
export function commitLink(repository: string, commit: string): string | null {
  if (!/^[0-9a-f]{7,64}$/i.test(commit)) return null;
  const found =
    /^https?:\/\/(?:[^@/]*@)?([\w.-]+(?::\d+)?)\/([\w./~-]+?)(?:\.git)?\/?$/.exec(repository) ??
    /^(?:ssh:\/\/)?git@([\w.-]+)[:/]([\w./~-]+?)(?:\.git)?\/?$/.exec(repository);
  return found ? `https://${found[1]}/${found[2]}/commit/${commit}` : null;
}
