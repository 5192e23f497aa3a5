/** Events drawn by hand, as they are listed in files: track after track. @module */
import { offsetsOf, type TrackerHits } from "../../../../lib/image/tracker_events.ts";
import { CELLS } from "../../../../lib/experiments/supernemo/maps.ts";
import { assertEquals } from "../../../assert.ts";

/** Tracks of a letter: a to e, both of the first two, or none. */
const BITS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 4, d: 8, e: 16, "*": 3, "~": 0 };

/**
 * Events, each a picture: a line a layer from the foil on, a character a column. `.` is no hit, a letter one of that track,
 * `*` one of a and b, `~` one of no track. Hits are listed by letter, then by layer and column; those of none come last.
 */
export function drawn(...pictures: readonly string[]): TrackerHits {
  const events = pictures.map((picture) => {
    const rows = picture.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const hits = rows.flatMap((row, layer) =>
      [...row].flatMap((letter, column) =>
        letter === "." ? [] : [{ letter, layer, column, bits: BITS[letter] }]
      )
    );
    const place = (letter: string) => "*abcde~".indexOf(letter);
    return hits.sort((a, b) => place(a.letter) - place(b.letter));
  });
  const all = events.flat();
  return {
    offsets: offsetsOf(events.map(({ length }) => length)),
    side: new Uint8Array(all.length),
    layer: Uint8Array.from(all, ({ layer }) => layer),
    column: Uint8Array.from(all, ({ column }) => column),
    radiusMm: new Float32Array(all.length).fill(10),
    heightMm: new Float32Array(all.length).fill(100),
    tracks: Uint16Array.from(all, ({ bits }) => bits),
  };
}

/** Holds one event's map against such a picture: `.` where it has 0; around the picture nothing may be. */
export function assertSeen({ data }: { data: ArrayLike<number> }, lines: readonly string[]): void {
  const wanted = new Uint8Array(CELLS);
  lines.forEach((line, layer) =>
    [...line].forEach((value, column) =>
      wanted[(column + 2) * 12 + layer + 2] = value === "." ? 0 : Number(value)
    )
  );
  assertEquals(data, wanted);
}
