/** A file that only grows by lines, each of them on the disk before its writer is told so. @module */
import { dirname } from "@std/path";
import { syncFolder, writeAll } from "../base/write_all.ts";

/** Lines beyond those in use after which the file is written anew. */
const SPARE_LINES = 20_000;

/** What is in use of a file's lines. */
export interface LinesInUse {
  readonly size: number;
  /** The lines, to be written anew. */
  pieces(): Iterable<Uint8Array>;
}

/** What a file is found to hold. */
export interface GrowingFileStart {
  inUse: LinesInUse;
  /** All bytes, and those of whole lines: the rest is cut off. */
  bytes: number;
  length: number;
  lines: number;
}

/** A line that is to be written, and who waits for it. */
interface Waiting {
  text: string;
  resolve(): void;
  reject(error: unknown): void;
}

/** The file. What comes together is written in one go, with one sync for all. */
export class GrowingFile {
  readonly #path: string;
  readonly #inUse: LinesInUse;
  #file: Deno.FsFile;
  /** Bytes and lines that are on the disk. */
  #length: number;
  #lines: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(path: string, file: Deno.FsFile, { inUse, length, lines }: GrowingFileStart) {
    this.#path = path;
    this.#file = file;
    this.#inUse = inUse;
    this.#length = length;
    this.#lines = lines;
  }

  /**
   * Opens a file, making it if there is none, and cuts off what is no whole line.
   *
   * @throws {Error} What the disk says.
   */
  static async open(path: string, start: GrowingFileStart): Promise<GrowingFile> {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      if (start.length < start.bytes) await file.truncate(start.length);
      await file.seek(start.length, Deno.SeekMode.Start);
      await syncFolder(dirname(path));
      return new GrowingFile(path, file, start);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Adds a line. Resolves once it is on the disk. @throws {Error} If it is not; then nothing of it is. */
  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text: line + "\n", resolve, reject });
      this.#writing ??= this.#flush();
    });
  }

  /** Writes until nothing waits. In the step that finds so it ends: whatever comes later starts another. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch);
      } catch (error) {
        // Half a line must not stay before the next whole one.
        await this.#file.truncate(this.#length).catch(() => {});
        await this.#file.seek(this.#length, Deno.SeekMode.Start).catch(() => {});
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const content = new TextEncoder().encode(batch.map(({ text }) => text).join(""));
    await writeAll(this.#file, content);
    await this.#file.syncData();
    this.#length += content.length;
    this.#lines += batch.length;
    for (const { resolve } of batch) resolve();
    if (this.#lines > 2 * this.#inUse.size + SPARE_LINES) await this.rewrite();
  }

  /** Writes what is in use into a new file. The wait for it lets what was just synced get among that. */
  async rewrite(): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const next = await Deno.open(temporary, { read: true, write: true, create: true, truncate: true });
    let written = 0;
    try {
      for (const content of this.#inUse.pieces()) {
        await writeAll(next, content);
        written += content.length;
      }
      await next.sync();
      await Deno.rename(temporary, this.#path);
    } catch {
      next.close(); // no room for a second file: the old one goes on
      await Deno.remove(temporary).catch(() => {});
      return;
    }
    this.#file.close();
    this.#file = next;
    this.#length = written;
    this.#lines = this.#inUse.size;
    await syncFolder(dirname(this.#path));
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    this.#file.close();
  }
}
