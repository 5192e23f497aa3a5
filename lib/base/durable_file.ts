/** Files that are there whole or not at all. @module */
import { dirname } from "@std/path";
import { syncFolder, writeAll } from "./write_all.ts";

/**
 * Writes a file under a temporary name beside it, flushes it to the disk, and renames it into place, so that neither
 * a crash nor a full disk leaves half a file or harms the one before.
 *
 * @throws {Error} What the file system says, with the path; the temporary file is taken away.
 */
export async function writeDurably(path: string, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      await writeAll(file, bytes);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    if (error instanceof Error) error.message = `Cannot write "${path}": ${error.message}`;
    throw error;
  }
  await syncFolder(dirname(path)).catch(() => {}); // some network file systems sync none
}
