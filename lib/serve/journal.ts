/**
 * Where events wait: a file that only grows, synced before anybody is told that an event is kept.
 *
 * Each line is a JSON object: an event that came, or what became of it. What a killed process left half-written at the
 * end is cut off at the next start; then every event that was acknowledged is there, and every one that was not is not.
 * Once most lines are of no more use, the file is written anew and put in place of the old one. @module
 */
import { dirname, join } from "@std/path";
import { isEarlier, type ObjectEvent } from "./notifications.ts";

/** What became of an event. */
export type EventState = "pending" | "done" | "dead";

/** The newest event of an object. */
export interface JournalEntry extends ObjectEvent {
  state: EventState;
  /** How often scoring failed for the object's own fault. */
  attempts: number;
  /** Time (ms since 1970) before which it is not tried again. */
  notBefore: number;
  /** Why it failed the last time. */
  reason?: string;
}

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
  counts(): Record<EventState, number>;
  close(): Promise<void>;
}

/** Lines beyond those in use after which the file is written anew. */
const SPARE_LINES = 20_000;

const idOf = ({ bucket, key }: ObjectEvent) => `${bucket}/${key}`;

interface Line extends ObjectEvent {
  state?: EventState;
  attempts?: number;
  notBefore?: number;
  reason?: string;
}

/** Whether `event` says nothing that `known` does not say already: sent again, or overtaken by a newer one. */
function isKnown(event: ObjectEvent, known: ObjectEvent): boolean {
  const { sequencer } = event;
  if (sequencer !== undefined && known.sequencer !== undefined) {
    return sequencer === known.sequencer || isEarlier(sequencer, known.sequencer);
  }
  return event.eTag === known.eTag;
}

/** Reads the lines of a journal, and gives how many of its bytes are whole lines. */
function replay(bytes: Uint8Array, entries: Map<string, JournalEntry>): { length: number; lines: number } {
  const length = bytes.lastIndexOf(0x0a) + 1;
  let lines = 0;
  for (const text of new TextDecoder().decode(bytes.subarray(0, length)).split("\n")) {
    if (text === "") continue;
    lines++;
    let line: Line;
    try {
      line = JSON.parse(text);
    } catch {
      throw new SyntaxError(`Cannot read the journal at line ${lines} as it is not JSON`);
    }
    const {
      bucket,
      key,
      alternative,
      eTag,
      sequencer,
      state = "pending",
      attempts = 0,
      notBefore = 0,
      reason,
    } = line;
    const known = entries.get(idOf(line));
    const other = known && (known.eTag !== eTag || known.sequencer !== sequencer);
    if (line.state !== undefined && other) continue; // what became of an event that a newer one has overtaken
    entries.set(idOf(line), {
      bucket,
      key,
      alternative,
      eTag,
      sequencer,
      state,
      attempts,
      notBefore,
      reason,
    });
  }
  return { length, lines };
}

/** Makes the names in a folder last. */
async function syncFolder(folder: string): Promise<void> {
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}

/**
 * Opens a journal, making it if there is none. One process at a time can have it.
 *
 * @param folder Holds the file; made if need be.
 * @throws {Error} If another process has it, or the disk cannot be written.
 */
export async function openJournal(folder: string): Promise<Journal> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, "events.jsonl");
  const lock = await takeLock(join(folder, ".lock"));
  const entries = new Map<string, JournalEntry>();
  let file = await Deno.open(path, { read: true, write: true, create: true });
  const bytes = await Deno.readFile(path);
  let { length, lines } = replay(bytes, entries);
  if (length < bytes.length) await file.truncate(length);
  await file.seek(length, Deno.SeekMode.Start);
  await syncFolder(dirname(path));

  const open = new Set([...entries.values()].filter(({ state }) => state === "pending"));
  let waiting: { text: string; resolve(): void; reject(error: unknown): void }[] = [];
  let writing: Promise<void> | undefined;
  const arriving = new Map<string, Promise<boolean>>();

  /** Writes what has come together in one go, with one sync for all. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const content = new TextEncoder().encode(batch.map(({ text }) => text).join(""));
      try {
        for (let done = 0; done < content.length;) done += await file.write(content.subarray(done));
        await file.syncData();
        length += content.length;
        lines += batch.length;
        for (const { resolve } of batch) resolve();
        if (lines > 2 * entries.size + SPARE_LINES) await compact();
      } catch (error) {
        // Half a line must not stay before the next whole one.
        await file.truncate(length).catch(() => {});
        await file.seek(length, Deno.SeekMode.Start);
        for (const { reject } of batch) reject(error);
      }
    }
  }

  function append(line: Line): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ text: JSON.stringify(line) + "\n", resolve, reject });
      writing ??= flush().finally(() => writing = undefined);
    });
  }

  async function compact(): Promise<void> {
    const temporary = `${path}.tmp`;
    const content = new TextEncoder().encode(
      [...entries.values()].map((entry) => JSON.stringify(entry) + "\n").join(""),
    );
    const next = await Deno.open(temporary, { read: true, write: true, create: true, truncate: true });
    try {
      for (let done = 0; done < content.length;) done += await next.write(content.subarray(done));
      await next.sync();
      await Deno.rename(temporary, path);
    } catch {
      next.close(); // no room for a second file: the old one goes on
      await Deno.remove(temporary).catch(() => {});
      return;
    }
    file.close();
    file = next;
    length = content.length;
    lines = entries.size;
    await syncFolder(dirname(path));
  }

  return {
    async add(event) {
      const id = idOf(event);
      for (let other = arriving.get(id); other; other = arriving.get(id)) await other.catch(() => false);
      const known = entries.get(id);
      if (known && isKnown(event, known)) return false;
      const { bucket, key, alternative, eTag, sequencer } = event;
      const added = append({ bucket, key, alternative, eTag, sequencer }).then(() => {
        const entry = {
          bucket,
          key,
          alternative,
          eTag,
          sequencer,
          state: "pending" as const,
          attempts: 0,
          notBefore: 0,
        };
        if (known) open.delete(known);
        entries.set(id, entry);
        open.add(entry);
        return true;
      }).finally(() => arriving.delete(id));
      arriving.set(id, added);
      return await added;
    },
    async settle(entry, change) {
      if (entries.get(idOf(entry)) !== entry) return;
      const next = { ...entry, ...change };
      await append(next);
      if (entries.get(idOf(entry)) !== entry) return;
      Object.assign(entry, change);
      if (entry.state !== "pending") open.delete(entry);
    },
    pending: () => open.values(),
    counts() {
      const counts = { pending: 0, done: 0, dead: 0 };
      for (const { state } of entries.values()) counts[state]++;
      return counts;
    },
    async close() {
      await writing;
      file.close();
      lock.close();
    },
  };
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
