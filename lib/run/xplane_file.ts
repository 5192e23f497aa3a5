/**
 * A profile as an XSpace, the file that TensorBoard's profile plugin and XProf show: `plugins/profile/SESSION/HOST.xplane.pb` below
 * the folder that they are given.
 *
 * Source: `tsl/profiler/protobuf/xplane.proto`, whose field numbers stand below; times in picoseconds.
 * @module
 */
import { ProtoWriter } from "../base/protobuf.ts";
import type { FunctionProfile } from "../engine/mod.ts";
import { traceRows } from "./trace_rows.ts";

/** The plane that viewers show as a computer's own. */
const HOST = "/host:CPU";

/** A name's number, in order of their first appearance from 1. */
function numbering(): { names: Map<string, number>; of: (name: string) => number } {
  const names = new Map<string, number>();
  return {
    names,
    of(name) {
      if (!names.has(name)) names.set(name, names.size + 1);
      return names.get(name)!;
    },
  };
}

/** An entry of a map from a number to what has that number and a name. */
function named(id: number, name: string): ProtoWriter {
  return new ProtoWriter().integer(1, id).message(2, new ProtoWriter().integer(1, id).text(2, name));
}

const picoseconds = (micros: number) => Math.round(1e6 * micros);

/**
 * Writes a profile as an XSpace of one plane.
 *
 * @param began When the profile was taken, ms since 1970.
 * @example
 * ```ts
 * import { encodeXSpace } from "./xplane_file.ts";
 * encodeXSpace({ traceMs: 1, firstMs: 2, steps: [] }, 0).length > 0; // true
 * ```
 */
export function encodeXSpace(profile: FunctionProfile, began: number): Uint8Array<ArrayBuffer> {
  const events = numbering(), stats = numbering(), plane = new ProtoWriter().integer(1, 0).text(2, HOST);
  traceRows(profile).forEach(({ name, bars }, i) => {
    const line = new ProtoWriter().integer(1, i + 1).text(2, name).integer(
      3,
      BigInt(Math.round(began)) * 1_000_000n,
    );
    for (const { name, start, micros, details } of bars) {
      const event = new ProtoWriter().integer(1, events.of(name));
      event.integer(2, picoseconds(start)).integer(3, picoseconds(micros));
      for (const [key, text] of Object.entries(details)) {
        if (text !== "") event.message(4, new ProtoWriter().integer(1, stats.of(key)).text(5, text));
      }
      line.message(4, event);
    }
    plane.message(3, line);
  });
  for (const [name, id] of events.names) plane.message(4, named(id, name));
  for (const [name, id] of stats.names) plane.message(5, named(id, name));
  return new ProtoWriter().message(1, plane).finish() as Uint8Array<ArrayBuffer>;
}
