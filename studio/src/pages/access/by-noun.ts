/** Actions by what they are about. Pure. */

/** In the order in which the server tells them. */
export function byNoun(actions: Readonly<Record<string, string>>): [noun: string, actions: string[]][] {
  const found = new Map<string, string[]>();
  for (const action of Object.keys(actions)) {
    const noun = action.slice(0, action.indexOf("/"));
    found.set(noun, [...(found.get(noun) ?? []), action]);
  }
  return [...found];
}
