/** What a journal keeps of the events that came, by object: what waits, what is done, and how much was let go. @module */
import {
  entryOf,
  type EventState,
  idOf,
  type JournalEntry,
  type Line,
  type Replayed,
} from "./journal_lines.ts";

/** Lines that are written at once. */
const PIECE = 1000;

/** The events of a journal. */
export class JournalEntries {
  readonly #entries: Map<string, JournalEntry>;
  readonly #pending: Set<JournalEntry>;
  /** In the order in which they became so. */
  readonly #done: Map<string, JournalEntry>;
  /** Events that are done and not kept. */
  #forgotten: number;
  readonly #keepDone: number;

  /** @param keepDone Most events that are done and still kept. */
  constructor({ entries, forgotten }: Replayed, keepDone: number) {
    this.#entries = entries;
    this.#forgotten = forgotten;
    this.#keepDone = keepDone;
    this.#pending = new Set([...entries.values()].filter(({ state }) => state === "pending"));
    this.#done = new Map([...entries].filter(([, { state }]) => state === "done"));
  }

  /** Events that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** The newest event of an object. */
  find(id: string): JournalEntry | undefined {
    return this.#entries.get(id);
  }

  /** Whether an entry is still the newest of its object. */
  holds(entry: JournalEntry): boolean {
    return this.#entries.get(idOf(entry)) === entry;
  }

  /** Keeps an event that waits, in place of the object's one before. */
  add(line: Line): void {
    const id = idOf(line), entry = entryOf(line), known = this.#entries.get(id);
    if (known) this.#pending.delete(known);
    this.#done.delete(id);
    this.#entries.set(id, entry);
    this.#pending.add(entry);
  }

  /** Keeps what became of an event; one that is done for a while, in place of the oldest of its kind. */
  change(entry: JournalEntry, change: Partial<JournalEntry>): void {
    Object.assign(entry, change);
    if (entry.state !== "pending") this.#pending.delete(entry);
    if (entry.state !== "done") return;
    const id = idOf(entry);
    this.#done.delete(id);
    this.#done.set(id, entry);
    this.forgetOldest();
  }

  /** Lets those go that were done before the last ones that are to be kept. */
  forgetOldest(): void {
    for (const [oldest] of this.#done) {
      if (this.#done.size <= this.#keepDone) break;
      this.#done.delete(oldest);
      this.#entries.delete(oldest);
      this.#forgotten++;
    }
  }

  /** Those that wait, oldest first. */
  pending(): Iterable<JournalEntry> {
    return this.#pending.values();
  }

  /** How many there were; "done" counts those that are not kept any more too. */
  counts(): Record<EventState, number> {
    const pending = this.#pending.size, done = this.#done.size;
    return { pending, done: done + this.#forgotten, dead: this.#entries.size - pending - done };
  }

  /** All of it as a new file has it, a thousand lines at a time. */
  *pieces(): Generator<Uint8Array> {
    const encoder = new TextEncoder();
    let text = this.#forgotten > 0 ? JSON.stringify({ forgotten: this.#forgotten }) + "\n" : "", count = 0;
    for (const entry of this.#entries.values()) {
      text += JSON.stringify(entry) + "\n";
      if (++count % PIECE > 0) continue;
      yield encoder.encode(text);
      text = "";
    }
    yield encoder.encode(text);
  }
}
