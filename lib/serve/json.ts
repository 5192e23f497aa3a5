/** JSON from strangers: parsed only if it is not too deep. @module */
import { HttpProblem } from "./problem.ts";
import { type RoomShare, UNLIMITED } from "./room.ts";

const QUOTE = 0x22, BACKSLASH = 0x5c;

/** How deep arrays and objects are nested, up to one beyond `most`, and how many there are. */
function nestingOf(bytes: Uint8Array, most: number): { deepest: number; opened: number } {
  let depth = 0, deepest = 0, opened = 0, inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if ((byte | 0x20) === 0x7b) { // [ or {
      opened++;
      if (++depth > deepest) deepest = depth;
      if (deepest > most) break;
    } else if ((byte | 0x20) === 0x7d) depth--; // ] or }
  }
  return { deepest, opened };
}

/** Bytes in memory for a byte of text, its numbers and texts, and for each array or object, as V8 keeps them. */
const BYTES_A_BYTE = 4, BYTES_A_LIST = 64;

/**
 * Parses a JSON object.
 *
 * @param bytes UTF-8.
 * @param maxDepth Deepest nesting of arrays and objects.
 * @param room Counts about what the parsed values take.
 * @throws {HttpProblem} 400 if it is no JSON object, no UTF-8, or nested deeper; 413 or 503 if there is no room for it.
 * @example
 * ```ts
 * import { parseJsonObject } from "./json.ts";
 * parseJsonObject(new TextEncoder().encode('{"id": "7"}')).id; // "7"
 * ```
 */
export function parseJsonObject(
  bytes: Uint8Array,
  maxDepth = 100,
  room: RoomShare = UNLIMITED,
): Record<string, unknown> {
  const { deepest, opened } = nestingOf(bytes, maxDepth);
  if (deepest > maxDepth) throw new HttpProblem(400, `The JSON is nested deeper than ${maxDepth}`);
  room.take(BYTES_A_BYTE * bytes.length + BYTES_A_LIST * opened);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new HttpProblem(400, "The body is not JSON");
  }
  if (!isObject(value)) throw new HttpProblem(400, "The body must be a JSON object");
  return value;
}

/** Whether a value is an object, not an array and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
