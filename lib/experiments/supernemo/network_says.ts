/** What a network that sees one view says of each event of a set. @module */
import { fromArrays } from "../../data/source.ts";
import type { SuperNemoEvents } from "../../data/supernemo.ts";
import type { tf } from "../../engine/mod.ts";
import { argMaxRows } from "../../evaluate/mod.ts";
import { eventCount, selectEvents } from "../../image/tracker_events.ts";
import { chooseSeen, drawView, type TrackerView } from "../../image/tracker_views.ts";
import { predict } from "../../train/mod.ts";
import type { SuperNemoOptions } from "./data.ts";

/** Events that are drawn at once. */
const AT_ONCE = 4096;

/** The hits as they come. */
const AS_THEY_COME = { isolated: "keep", missingHeight: "zero" } as const;

/**
 * The most probable class of each event, for a fit or for a table: of a counting network the number of tracks less 1, of one for hints
 * the segment.
 *
 * @param model Gives probabilities, [events, classes], of one view with its sides folded.
 * @param seen Which hits it sees.
 * @returns One class an event.
 */
export async function networkSays(
  model: tf.LayersModel,
  view: TrackerView,
  events: SuperNemoEvents,
  seen: Pick<SuperNemoOptions, "isolated" | "missingHeight"> = AS_THEY_COME,
): Promise<Int32Array> {
  const hits = chooseSeen(events.hits, seen), [name] = model.inputNames;
  const rows = Uint32Array.from({ length: eventCount(hits) }, (_, i) => i);
  const said = new Int32Array(rows.length);
  for (let first = 0; first < rows.length; first += AT_ONCE) {
    const some = selectEvents(hits, rows.subarray(first, first + AT_ONCE));
    const outputs = await predict(model, fromArrays({ [name]: drawView(some, view) }, {}));
    const [{ data, shape }] = Object.values(outputs);
    said.set(argMaxRows(data, shape[1]), first);
  }
  return said;
}
