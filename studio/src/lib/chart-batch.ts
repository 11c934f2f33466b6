/** Questions that are asked in one turn of the page go to the server together. */
export type Ask<About, Answer> = (
  key: string,
  about: About,
  item: string,
  signal?: AbortSignal,
) => Promise<Answer>;

interface Waiting<Answer> {
  item: string;
  signal: AbortSignal | undefined;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** Before the page is painted, which may take long; after what was already under way in this turn. */
const soon = (work: () => void) => Promise.resolve().then(() => queueMicrotask(work));

/**
 * Collects items that are asked for under one key, and asks for at most `most(about)` of them at once. A request is
 * given up when nobody waits for it any more.
 */
export function batched<About, Answer>(
  most: (about: About) => number,
  request: (about: About, items: string[], signal: AbortSignal) => Promise<Map<string, Answer>>,
): Ask<About, Answer> {
  const open = new Map<string, { about: About; waiting: Waiting<Answer>[] }>();

  const send = (about: About, waiting: Waiting<Answer>[]) => {
    const alive = waiting.filter((one) => !one.signal?.aborted);
    const control = new AbortController();
    let left = alive.length;
    for (const one of alive)
      one.signal?.addEventListener("abort", () => {
        one.reject(new DOMException("Nobody waits for it.", "AbortError"));
        left -= 1;
        if (left === 0) control.abort();
      });
    const items = [...new Set(alive.map((one) => one.item))];
    if (items.length === 0) return;
    request(about, items, control.signal).then(
      (answers) => {
        for (const one of alive) {
          const answer = answers.get(one.item);
          if (answer === undefined) one.reject(new Error(`No answer for ${one.item}.`));
          else one.resolve(answer);
        }
      },
      (error) => {
        for (const one of alive) one.reject(error);
      },
    );
  };

  const flush = (key: string) => {
    const batch = open.get(key);
    open.delete(key);
    if (!batch) return;
    const size = most(batch.about);
    for (let i = 0; i < batch.waiting.length; i += size) send(batch.about, batch.waiting.slice(i, i + size));
  };

  return (key, about, item, signal) =>
    new Promise<Answer>((resolve, reject) => {
      if (signal?.aborted) {
        reject(new DOMException("Nobody waits for it.", "AbortError"));
        return;
      }
      const batch = open.get(key) ?? { about, waiting: [] };
      if (!open.has(key)) {
        open.set(key, batch);
        soon(() => flush(key));
      }
      batch.waiting.push({ item, signal, resolve, reject });
    });
}
