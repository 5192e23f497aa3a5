/** SHA-256, the one checksum of this tree. @module */

/**
 * The SHA-256 of some bytes as 64 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { sha256 } from "./sha256.ts";
 * (await sha256(new Uint8Array())).slice(0, 8); // "e3b0c442"
 * ```
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return new Uint8Array(digest).toHex();
}
