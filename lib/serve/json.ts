/** JSON from strangers: parsed only if it is not too deep. @module */
import { HttpProblem } from "./problem.ts";

const QUOTE = 0x22, BACKSLASH = 0x5c;

/** How deep arrays and objects are nested. */
function depthOf(bytes: Uint8Array, most: number): number {
  let depth = 0, deepest = 0, inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if ((byte | 0x20) === 0x7b) { // [ or {
      if (++depth > deepest) deepest = depth;
      if (deepest > most) break;
    } else if ((byte | 0x20) === 0x7d) depth--; // ] or }
  }
  return deepest;
}

/**
 * Parses a JSON object.
 *
 * @param bytes UTF-8.
 * @param maxDepth Deepest nesting of arrays and objects.
 * @throws {HttpProblem} 400 if it is no JSON object, no UTF-8, or nested deeper.
 * @example
 * ```ts
 * import { parseJsonObject } from "./json.ts";
 * parseJsonObject(new TextEncoder().encode('{"id": "7"}')).id; // "7"
 * ```
 */
export function parseJsonObject(bytes: Uint8Array, maxDepth = 100): Record<string, unknown> {
  if (depthOf(bytes, maxDepth) > maxDepth) {
    throw new HttpProblem(400, `The JSON is nested deeper than ${maxDepth}`);
  }
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
