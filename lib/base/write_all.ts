/** Bytes on the disk: all of them, and under their name. @module */

/** Where bytes can be written, not necessarily all at once. */
export interface ByteSink {
  /** Gives how many of the bytes were taken. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all of some bytes where a file stands. @throws {Error} What the file system says. */
export async function writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await sink.write(bytes.subarray(done));
}

/** As {@linkcode writeAll}, without leaving the thread to others. @throws {Error} What the file system says. */
export function writeAllSync(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += sink.writeSync(bytes.subarray(done));
}

/**
 * Makes the names in a folder last through a power cut, where the system can open a folder.
 *
 * @throws {Error} What the file system says.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}
