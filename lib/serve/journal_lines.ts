/** The lines of a journal of events: what each says, and what all of them together come to. @module */
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

/** What a sender calls the object: of "a b" and "a+b" each is an event of its own, whoever encodes keys. */
export const idOf = ({ bucket, key, alternative }: ObjectEvent) => `${bucket}/${alternative ?? key}`;

/** An event that came, or what became of it. */
export interface Line extends ObjectEvent {
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
export function isKnown(event: ObjectEvent, known: ObjectEvent): boolean {
  const { sequencer, eTag } = event;
  if (sequencer !== undefined && known.sequencer !== undefined && sequencer !== known.sequencer) {
    return eTag !== "" && eTag === known.eTag && isEarlier(sequencer, known.sequencer);
  }
  return eTag === known.eTag;
}

/** What of two events of one object says how it is called and which content it has: the later one. */
export function later(event: ObjectEvent, known: ObjectEvent | undefined): ObjectEvent {
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

/** An event as the journal keeps it. */
export function entryOf(line: Line): JournalEntry {
  const { bucket, key, alternative, eTag, sequencer, reason } = line;
  const { state = "pending", attempts = 0, notBefore = 0 } = line;
  return { bucket, key, alternative, eTag, sequencer, state, attempts, notBefore, reason };
}

/** What a journal's file holds. */
export interface Replayed {
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
export function replay(bytes: Uint8Array): Replayed {
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
