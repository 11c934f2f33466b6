/** Characters that turn the direction of what follows are shown as what they are: a name cannot pose as another one. Pure. */

const TURNING = /[\u202a-\u202e\u2066-\u2069]/;
const EACH = new RegExp(TURNING, "g");

export const turns = (text: string): boolean => TURNING.test(text);

/** `\u202egnp.exe` → `[U+202E]gnp.exe`. */
export const untwisted = (text: string): string =>
  turns(text) ? text.replace(EACH, (one) => `[U+${one.charCodeAt(0).toString(16).toUpperCase()}]`) : text;
