/** The name that was probably meant. @module */

/** The name closest to `name` by edit distance, if any is close enough to have been meant. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined, least = Infinity;
  for (const candidate of names) {
    const begins = name.length > 1 && (candidate.startsWith(name) || name.startsWith(candidate));
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    const distance = begins ? edits / 100 : edits; // "cyg" means "cygno", however many letters are missing
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best !== undefined && least <= Math.max(1, Math.max(name.length, best.length) / 2)
    ? best
    : undefined;
}

/** Levenshtein's distance: the fewest letters to insert, drop or change. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
