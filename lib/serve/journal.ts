/**
 * Where events wait: a file that only grows, synced before anybody is told that an event is kept.
 *
 * Each line is a JSON object: an event that came, or what became of it. What a killed process left half-written at the
 * end is cut off at the next start; then every event that was acknowledged is there, and every one that was not is not.
 * A line that is no event is put aside into `events.bad.jsonl`. Once most lines are of no more use, the file is written
 * anew and put in place of the old one; of events that are done only the last ones are kept, as what is told again of
 * older ones is found to be done by its result. @module
 */
import { join } from "@std/path";
import { GrowingFile } from "./growing_file.ts";
import { JournalEntries } from "./journal_entries.ts";
import {
  type EventState,
  idOf,
  isKnown,
  type JournalEntry,
  later,
  type Line,
  replay,
} from "./journal_lines.ts";
import type { ObjectEvent } from "./notifications.ts";

export type { EventState, JournalEntry } from "./journal_lines.ts";

/** A journal of events. */
export interface Journal {
  /** Keeps an event; gives whether it is new. Resolves once it is on the disk. @throws {Error} If it is not. */
  add(event: ObjectEvent): Promise<boolean>;
  /** Keeps what became of an event, unless a newer one of the same object has come. */
  settle(
    entry: JournalEntry,
    change: Partial<Pick<JournalEntry, "state" | "attempts" | "notBefore" | "reason">>,
  ): Promise<void>;
  /** The pending entries, oldest first. */
  pending(): Iterable<JournalEntry>;
  /** How many there were; "done" counts those that are not kept any more too. */
  counts(): Record<EventState, number>;
  /** Lines that were no events and were put aside when the journal was opened. */
  readonly quarantined: number;
  close(): Promise<void>;
}

/** Options for {@linkcode openJournal}. */
export interface JournalOptions {
  /** Most events that are done and still kept. @default {100_000} */
  keepDone?: number;
}

/**
 * Opens a journal, making it if there is none. One process at a time can have it.
 *
 * @param folder Holds the file; made if need be.
 * @throws {Error} If another process has it, or the disk cannot be written.
 */
export async function openJournal(folder: string, options: JournalOptions = {}): Promise<Journal> {
  let lock: Deno.FsFile | undefined;
  try {
    await Deno.mkdir(folder, { recursive: true });
    lock = await takeLock(join(folder, ".lock"));
    return await openLocked(folder, lock, options);
  } catch (error) {
    lock?.close(); // whoever opens it next need not wait for this process to end
    const { message } = error as Error;
    if (message.startsWith("Cannot ")) throw error;
    throw new Error(`Cannot open the journal in "${folder}": ${message}`, { cause: error });
  }
}

async function openLocked(folder: string, lock: Deno.FsFile, options: JournalOptions): Promise<Journal> {
  const path = join(folder, "events.jsonl"), bytes = await bytesOf(path), found = replay(bytes);
  const { bad, length, lines } = found, entries = new JournalEntries(found, options.keepDone ?? 100_000);
  const file = await GrowingFile.open(path, { inUse: entries, bytes: bytes.length, length, lines });
  try {
    if (bad.length > 0) {
      await quarantine(folder, bad);
      await file.rewrite();
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  entries.forgetOldest();
  const arriving = new Map<string, Promise<boolean>>();
  return {
    async add(event) {
      const id = idOf(event);
      for (let other = arriving.get(id); other; other = arriving.get(id)) await other.catch(() => false);
      const known = entries.find(id);
      if (known && isKnown(event, known)) return false;
      const { bucket, key, alternative, eTag, sequencer } = later(event, known);
      const line: Line = { bucket, key, alternative, eTag, sequencer };
      const added = file.append(JSON.stringify(line)).then(() => {
        entries.add(line);
        return true;
      }).finally(() => arriving.delete(id));
      arriving.set(id, added);
      return await added;
    },
    async settle(entry, change) {
      if (!entries.holds(entry)) return;
      await file.append(JSON.stringify({ ...entry, ...change }));
      if (entries.holds(entry)) entries.change(entry, change);
    },
    pending: () => entries.pending(),
    counts: () => entries.counts(),
    quarantined: bad.length,
    async close() {
      await file.close();
      lock.close();
    },
  };
}

/** What is in a file; nothing where there is none. */
async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}

/** Puts lines aside that are no events, before they are left out of the file. */
async function quarantine(folder: string, bad: readonly string[]): Promise<void> {
  const text = bad.map((line) => line + "\n").join("");
  await Deno.writeTextFile(join(folder, "events.bad.jsonl"), text, { append: true });
}

/** How long a process that is being replaced may take to let go of the journal. */
const LOCK_MS = 10_000;

/** Holds a lock that the system drops with the process, however it ends. */
async function takeLock(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { write: true, create: true });
  for (const end = performance.now() + LOCK_MS; !await file.tryLock(true);) {
    if (performance.now() > end) {
      file.close();
      throw new Error(`Cannot open the journal as another process has "${path}"`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return file;
}
