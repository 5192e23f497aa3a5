/**
 * Where events wait: a file that only grows, synced before anybody is told that an event is kept.
 *
 * Each line is a JSON object: an event that came, or what became of it. What a killed process left half-written at the
 * end is cut off at the next start; then every event that was acknowledged is there, and every one that was not is not.
 * A line that is no event is put aside into `events.bad.jsonl`. Once most lines are of no more use, the file is written
 * anew and put in place of the old one; of events that are done only the last ones are kept, as what is told again of
 * older ones is found to be done by its result. @module
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

/** Lines beyond those in use after which the file is written anew. */
const SPARE_LINES = 20_000;

/** What a sender calls the object: of "a b" and "a+b" each is an event of its own, whoever encodes keys. */
const idOf = ({ bucket, key, alternative }: ObjectEvent) => `${bucket}/${alternative ?? key}`;

interface Line extends ObjectEvent {
  state?: EventState;
  attempts?: number;
  notBefore?: number;
  reason?: string;
}

/**
 * Whether `event` says nothing that `known` does not say already: sent again.
 *
 * An earlier sequencer is no proof of that, as those of several nodes do not compare: in doubt the object is scored
 * again, and the ETag in its result says that nothing is to be done.
 */
function isKnown(event: ObjectEvent, known: ObjectEvent): boolean {
  const { sequencer, eTag } = event;
  if (sequencer !== undefined && known.sequencer !== undefined && sequencer !== known.sequencer) {
    return eTag !== "" && eTag === known.eTag && isEarlier(sequencer, known.sequencer);
  }
  return eTag === known.eTag;
}

/** What of two events of one object says how it is called and which content it has: the later one. */
function later(event: ObjectEvent, known: ObjectEvent | undefined): ObjectEvent {
  const { sequencer } = event;
  const overtaken = known?.sequencer !== undefined && sequencer !== undefined &&
    isEarlier(sequencer, known.sequencer);
  return overtaken ? known : event;
}

/** A line of the file, checked. @throws {SyntaxError} */
function readLine(text: string): Line | { forgotten: number } {
  const line = JSON.parse(text);
  if (Number.isSafeInteger(line?.forgotten)) return line;
  const { bucket, key, eTag, state = "pending", attempts = 0, notBefore = 0 } = line ?? {};
  const isEvent = [bucket, key, eTag].every((part) => typeof part === "string") &&
    ["pending", "done", "dead"].includes(state) && Number.isFinite(attempts) && Number.isFinite(notBefore);
  if (!isEvent) throw new SyntaxError("it is no event");
  return line;
}

function entryOf(line: Line): JournalEntry {
  const { bucket, key, alternative, eTag, sequencer, reason } = line;
  const { state = "pending", attempts = 0, notBefore = 0 } = line;
  return { bucket, key, alternative, eTag, sequencer, state, attempts, notBefore, reason };
}

/** What a journal's file holds. */
interface Replayed {
  /** By what the sender calls the object; those that are done in the order in which they became so. */
  entries: Map<string, JournalEntry>;
  /** Bytes of whole lines. */
  length: number;
  lines: number;
  /** Events that are done and not kept. */
  forgotten: number;
  /** Lines that are no events. */
  bad: string[];
}

/** Reads the lines of a journal. */
function replay(bytes: Uint8Array): Replayed {
  const length = bytes.lastIndexOf(0x0a) + 1;
  const entries = new Map<string, JournalEntry>(), bad: string[] = [];
  let lines = 0, forgotten = 0;
  const decoder = new TextDecoder();
  for (let at = 0, end; at < length; at = end + 1) { // the whole may be longer than any string
    end = bytes.indexOf(0x0a, at);
    const text = decoder.decode(bytes.subarray(at, end));
    if (text === "") continue;
    lines++;
    let line: Line | { forgotten: number };
    try {
      line = readLine(text);
    } catch {
      bad.push(text);
      continue;
    }
    if ("forgotten" in line) {
      forgotten = line.forgotten;
      continue;
    }
    const id = idOf(line), known = entries.get(id);
    const other = known && (known.eTag !== line.eTag || known.sequencer !== line.sequencer);
    if (line.state !== undefined && other) continue; // what became of an event that a newer one has overtaken
    if (line.state === "done") entries.delete(id); // to the end of those that are done
    entries.set(id, entryOf(line));
  }
  return { entries, length, lines, forgotten, bad };
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
export async function openJournal(folder: string, options: JournalOptions = {}): Promise<Journal> {
  const { keepDone = 100_000 } = options;
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, "events.jsonl");
  const lock = await takeLock(join(folder, ".lock"));
  let file = await Deno.open(path, { read: true, write: true, create: true });
  const bytes = await Deno.readFile(path);
  const { entries, bad, ...state } = replay(bytes);
  let { length, lines, forgotten } = state;
  if (length < bytes.length) await file.truncate(length);
  await file.seek(length, Deno.SeekMode.Start);
  await syncFolder(dirname(path));

  const open = new Set([...entries.values()].filter(({ state }) => state === "pending"));
  const done = new Map([...entries].filter(([, { state }]) => state === "done"));
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

  /** Writes what is kept into a new file. The wait for it lets what was just synced get among the entries. */
  async function compact(): Promise<void> {
    const temporary = `${path}.tmp`;
    const next = await Deno.open(temporary, { read: true, write: true, create: true, truncate: true });
    let written = 0;
    try {
      for (const content of pieces()) {
        for (let at = 0; at < content.length;) at += await next.write(content.subarray(at));
        written += content.length;
      }
      await next.sync();
      await Deno.rename(temporary, path);
    } catch {
      next.close(); // no room for a second file: the old one goes on
      await Deno.remove(temporary).catch(() => {});
      return;
    }
    file.close();
    file = next;
    length = written;
    lines = entries.size;
    await syncFolder(dirname(path));
  }

  /** What is kept, a thousand lines at a time. */
  function* pieces(): Generator<Uint8Array> {
    const encoder = new TextEncoder();
    let text = forgotten > 0 ? JSON.stringify({ forgotten }) + "\n" : "", count = 0;
    for (const entry of entries.values()) {
      text += JSON.stringify(entry) + "\n";
      if (++count % 1000 > 0) continue;
      yield encoder.encode(text);
      text = "";
    }
    yield encoder.encode(text);
  }

  /** Keeps an event that is done for a while, in place of the oldest of its kind. */
  function keep(id: string, entry: JournalEntry): void {
    done.delete(id);
    done.set(id, entry);
    forgetOldest();
  }

  /** Lets those go that were done before the last `keepDone`. */
  function forgetOldest(): void {
    for (const [oldest] of done) {
      if (done.size <= keepDone) break;
      done.delete(oldest);
      entries.delete(oldest);
      forgotten++;
    }
  }

  /** Puts lines aside that are no events, before they are left out of the file. */
  async function quarantine(): Promise<void> {
    const text = bad.map((line) => line + "\n").join("");
    await Deno.writeTextFile(join(folder, "events.bad.jsonl"), text, { append: true });
    await compact();
  }

  try {
    if (bad.length > 0) await quarantine();
  } catch (error) {
    file.close();
    lock.close(); // whoever opens it next need not wait for this process to end
    throw error;
  }
  forgetOldest();

  return {
    async add(event) {
      const id = idOf(event);
      for (let other = arriving.get(id); other; other = arriving.get(id)) await other.catch(() => false);
      const known = entries.get(id);
      if (known && isKnown(event, known)) return false;
      const { bucket, key, alternative, eTag, sequencer } = later(event, known);
      const line: Line = { bucket, key, alternative, eTag, sequencer };
      const added = append(line).then(() => {
        const entry = entryOf(line);
        if (known) open.delete(known);
        done.delete(id);
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
      if (entry.state === "done") keep(idOf(entry), entry);
    },
    pending: () => open.values(),
    counts() {
      const dead = entries.size - open.size - done.size;
      return { pending: open.size, done: done.size + forgotten, dead };
    },
    quarantined: bad.length,
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
