/** Actions and the patterns that name them, as the server matches them. Pure. */

/** Whether a pattern such as `runs/*`, or `*` followed by `/read`, names an action. */
export function matches(pattern: string, action: string): boolean {
  if (pattern === "*") return true;
  const [noun, verb] = pattern.split("/");
  const [ofNoun, ofVerb] = action.split("/");
  return (noun === "*" || noun === ofNoun) && (verb === "*" || verb === ofVerb);
}

/** Whether a role has an action: some pattern of it names it, and none of those that it leaves out. */
export function allows(
  role: { actions: readonly string[]; not_actions: readonly string[] },
  action: string,
): boolean {
  const named = (pattern: string) => matches(pattern, action);
  return role.actions.some(named) && !role.not_actions.some(named);
}
