/** Many calls without too many at once: a table that is new takes 4,000 writes a second, and throttles what comes above. */

/** Calls side by side: at some 8 ms each, three thousand a second. */
const AT_ONCE = 25;

/** Does it for every item, some at a time. Rejects with the first failure, when those that were begun with it have ended or not. */
export async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) await Promise.all(items.slice(start, start + AT_ONCE).map(work));
}
