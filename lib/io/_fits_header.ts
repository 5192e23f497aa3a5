/** Headers of FITS units: cards of 80 letters up to END. Source: FITS Standard 4.0, section 4. @module */
import { ascii } from "./_problem.ts";

/** What a header card can say. */
export type FitsCard = string | number | boolean;

/** Bytes of a block and of a card. */
export const BLOCK = 2880, CARD = 80;

/** Reads cards up to END; `end` is where the data start. */
export function readHeader(
  file: Uint8Array,
  start: number,
  failed: string,
): { header: Map<string, FitsCard>; end: number } {
  const header = new Map<string, FitsCard>();
  let text: { key: string; value: string } | undefined; // a text that goes on in a CONTINUE card
  for (let at = start; at + CARD <= file.length; at += CARD) {
    const card = ascii(file, at, CARD), key = card.slice(0, 8).trimEnd();
    // Tabs and accents in comments are against the standard and in many files; a keyword shows whether this is a header.
    if (!/^[A-Z0-9_ -]{8}$/i.test(card.slice(0, 8))) {
      throw new SyntaxError(
        `${failed} at byte ${at}: expected a keyword, found ${JSON.stringify(card.slice(0, 8))}`,
      );
    }
    if (key === "END") return { header, end: start + Math.ceil((at + CARD - start) / BLOCK) * BLOCK };
    if (key === "CONTINUE" && text) {
      const more = /^ *'((?:[^']|'')*)'/.exec(card.slice(8))?.[1].replaceAll("''", "'").trimEnd() ?? "";
      text.value = text.value.slice(0, -1) + more;
      header.set(text.key, text.value.replace(/&$/, ""));
      if (!more.endsWith("&")) text = undefined;
      continue;
    }
    text = undefined;
    if (card.slice(8, 10) !== "= " || ["COMMENT", "HISTORY", ""].includes(key)) continue;
    const value = parseValue(card.slice(10));
    if (value === undefined) continue; // undefined and complex values
    header.set(key, value);
    if (typeof value === "string" && value.endsWith("&")) text = { key, value };
  }
  throw new SyntaxError(
    `${failed} at byte ${file.length}: the file ends within the header that starts at byte ${start}`,
  );
}

/** A card's value; what is neither quoted, a number nor T or F stays a text, so that whoever wants a number can say so. */
function parseValue(field: string): FitsCard | undefined {
  const quoted = /^ *'((?:[^']|'')*)'/.exec(field);
  if (quoted) return quoted[1].replaceAll("''", "'").trimEnd();
  const plain = field.split("/")[0].trim();
  if (plain === "T" || plain === "F") return plain === "T";
  if (plain === "" || plain.startsWith("(")) return undefined;
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([ED][+-]?\d+)?$/i.test(plain);
  return isNumber ? Number(plain.replace(/d/i, "E")) : plain;
}
