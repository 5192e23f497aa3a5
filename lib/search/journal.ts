/**
 * A file that only grows, shared by any number of processes on one machine or on many.
 *
 * A line is a checksum, a blank and a JSON object with its number `n`; numbers rise. Whoever writes holds the lock beside
 * the file, has read everything before, and writes whole lines that are on the disk before the lock is let go. What a
 * killed writer left half-written at the end is cut off by the next writer, with a note; until then readers pass it over.
 * A line that does not fit its checksum, or whose number does not rise (of a process that stood still for so long that its
 * lock was broken), counts for nobody: all readers agree on what is in the file. @module
 */
import { crc32 } from "node:zlib";
import { acquireLock, type Lock, type LockOptions } from "../base/lock.ts";
import { writeAllSync } from "../base/write_all.ts";

/** What a line holds: `op` says what happened. */
export interface JournalEntry {
  op: string;
  [field: string]: unknown;
}

/** A damaged line that readers passed over. */
export interface Damage {
  /** Where it begins, in bytes. */
  at: number;
  reason: string;
}

/** An open journal; see {@linkcode openJournal}. */
export interface Journal {
  readonly path: string;
  /** Lines that were passed over so far. */
  readonly damage: readonly Damage[];
  /** What was added since the last time, here or elsewhere. @throws {Error} If the file got shorter. */
  read(): JournalEntry[];
  /**
   * Decides with the lock held, everything read and applied, what to add, and adds it: all of it or nothing.
   *
   * @param decide Gets what was added since the last time, gives what to add.
   * @returns What was added.
   * @throws {Error} What the file system says, such as that the disk is full; nothing was added then.
   */
  write(decide: (news: JournalEntry[]) => JournalEntry[]): Promise<JournalEntry[]>;
}

const NEWLINE = 0x0a;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Opens a journal, which need not exist yet; its folder does.
 *
 * @param options Of the lock beside it, `PATH.lock`.
 * @example
 * ```ts
 * const folder = await Deno.makeTempDir();
 * const journal = openJournal(`${folder}/journal`);
 * await journal.write(() => [{ op: "note", text: "hello" }]);
 * openJournal(`${folder}/journal`).read().map(({ op, text }) => `${op} ${text}`); // ["note hello"]
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function openJournal(path: string, options: LockOptions = {}): Journal {
  return new FileJournal(path, options);
}

class FileJournal implements Journal {
  readonly damage: Damage[] = [];
  /** Bytes of whole lines read. */
  #offset = 0;
  #number = 0;

  constructor(readonly path: string, readonly options: LockOptions) {}

  read(): JournalEntry[] {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(this.path); // opened anew: NFS asks the server only then
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && this.#offset === 0) return [];
      throw error;
    }
    try {
      return this.#readFrom(file).entries;
    } finally {
      file.close();
    }
  }

  async write(decide: (news: JournalEntry[]) => JournalEntry[]): Promise<JournalEntry[]> {
    const notes: string[] = [];
    const { staleMs = 30_000, onBreak } = this.options;
    const lock = await acquireLock(`${this.path}.lock`, {
      ...this.options,
      onBreak: (note) => {
        notes.push(note);
        onBreak?.(note);
      },
    });
    const since = performance.now();
    try {
      using file = Deno.openSync(this.path, { read: true, write: true, create: true });
      const { entries: news, rest } = this.#readFrom(file);
      if (rest > 0) {
        file.truncateSync(this.#offset);
        notes.push(`cut off ${rest} bytes at ${this.#offset} that a killed process left half-written`);
      }
      const added = [...notes.map((text) => ({ op: "note", text })), ...decide(news)];
      if (added.length > 0) this.#append(file, added, () => this.#checkLock(lock, since, staleMs));
      return added;
    } finally {
      lock.release();
    }
  }

  /** A lock that may have been broken meanwhile protects nothing. */
  #checkLock(lock: Lock, since: number, staleMs: number): void {
    if (performance.now() - since < staleMs / 2) return;
    if (lock.isHeld()) lock.beat();
    else {throw new Error(
        `Cannot write to "${this.path}" as its lock was broken while this process stood still`,
      );}
  }

  #append(file: Deno.FsFile, added: readonly JournalEntry[], check: () => void): void {
    const bytes = encoder.encode(added.map((entry, i) => formatLine(this.#number + 1 + i, entry)).join(""));
    check();
    file.seekSync(this.#offset, Deno.SeekMode.Start);
    try {
      writeAllSync(file, bytes);
      file.syncSync();
    } catch (error) {
      file.truncateSync(this.#offset);
      if (error instanceof Error) error.message = `Cannot write to "${this.path}": ${error.message}`;
      throw error;
    }
    this.#offset += bytes.length;
    this.#number += added.length;
  }

  /** Reads whole lines from where the last reading ended; also gives how many bytes of a half line follow. */
  #readFrom(file: Deno.FsFile): { entries: JournalEntry[]; rest: number } {
    const size = file.statSync().size;
    if (size < this.#offset) {
      throw new Error(
        `Cannot read "${this.path}": it has ${size} bytes, and had ${this.#offset} before; somebody else changed it`,
      );
    }
    const bytes = new Uint8Array(size - this.#offset);
    file.seekSync(this.#offset, Deno.SeekMode.Start);
    let length = 0;
    while (length < bytes.length) {
      const got = file.readSync(bytes.subarray(length));
      if (got === null) break;
      length += got;
    }
    const whole = bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1;
    const entries: JournalEntry[] = [];
    for (let start = 0; start < whole;) {
      const end = bytes.indexOf(NEWLINE, start);
      const entry = this.#parseLine(bytes.subarray(start, end), this.#offset + start);
      if (entry) entries.push(entry);
      start = end + 1;
    }
    this.#offset += whole;
    return { entries, rest: length - whole };
  }

  #parseLine(line: Uint8Array, at: number): JournalEntry | undefined {
    const passOver = (reason: string) => {
      this.damage.push({ at, reason });
      return undefined;
    };
    const json = line.subarray(9);
    const stated = decoder.decode(line.subarray(0, 9));
    if (stated !== `${checksum(json)} `) return passOver("it does not fit its checksum");
    const { n, ...entry } = JSON.parse(decoder.decode(json)) as JournalEntry & { n: number };
    if (n <= this.#number) return passOver(`it has number ${n} after ${this.#number}`);
    this.#number = n;
    return entry;
  }
}

function formatLine(n: number, entry: JournalEntry): string {
  const json = JSON.stringify({ n, ...entry });
  return `${checksum(json)} ${json}\n`;
}

function checksum(data: Uint8Array | string): string {
  return crc32(data).toString(16).padStart(8, "0");
}
