/** From what a user writes to a {@link "./byte_source.ts"}. @module */
import { fileURLToPath } from "node:url";
import { type ByteSource, fileSource, memorySource } from "./byte_source.ts";
import type { HttpSourceOptions } from "./http_source.ts";

/**
 * Opens what a user writes: a path, a `file:` or `http(s):` address, bytes, or a source as it is.
 *
 * A bucket's object becomes a source by `objectSource`, as rooms above know how to ask for one.
 *
 * @throws {TypeError} If the address is of a kind that is not read, or the server ignores ranges.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function openSource(
  place: string | URL | Uint8Array | ByteSource,
  options: HttpSourceOptions & { name?: string } = {},
): Promise<ByteSource> {
  if (place instanceof Uint8Array) return memorySource(place, options.name);
  if (!(typeof place === "string" || place instanceof URL)) return place;
  const text = String(place), scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1].toLowerCase();
  if (scheme === "http" || scheme === "https") {
    const { httpSource } = await import("./http_source.ts"); // what few need
    return await httpSource(text, options);
  }
  if (scheme === "file") return fileSource(fileURLToPath(text));
  if (scheme !== undefined && text.startsWith(`${scheme}://`)) {
    throw new TypeError(`Cannot open "${text}": expected a path, or an address with file:, http: or https:`);
  }
  return fileSource(text);
}
