/** The file's messages by the field numbers of xplane.proto; `tests/long/profile_viewers_test.ts` has TensorFlow read it. */
import { ProtoReader } from "../../../lib/base/protobuf.ts";
import { encodeXSpace } from "../../../lib/run/xplane_file.ts";
import { assertEquals } from "../../assert.ts";
import { SMALL_PROFILE } from "./_small_profile.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** All values of one field of a message. */
const parts = (message: Uint8Array, wanted: number) =>
  [...new ProtoReader(message)].flatMap(({ field, value }) => field === wanted && value ? [value] : []);
const number = (message: Uint8Array, wanted: number) =>
  [...new ProtoReader(message)].find(({ field }) => field === wanted)?.number;

Deno.test("encodeXSpace() has a line for each row, events in ps with their names and details by number", () => {
  const [plane] = parts(encodeXSpace(SMALL_PROFILE, 1_700_000_000_123), 1);
  assertEquals(text(parts(plane, 2)[0]), "/host:CPU");
  const named = (field: number) =>
    new Map(
      parts(plane, field).map((entry) => {
        const [value] = parts(entry, 2);
        assertEquals(number(entry, 1), number(value, 1));
        return [number(entry, 1), text(parts(value, 2)[0])];
      }),
    );
  const events = named(4), stats = named(5);
  assertEquals(new Set(events.values()).size, events.size, "each name once");
  const lines = parts(plane, 3).map((line) => ({
    id: number(line, 1),
    name: text(parts(line, 2)[0]),
    began: number(line, 3),
    events: parts(line, 4).map((event) => [events.get(number(event, 1)), number(event, 2), number(event, 3)]),
  }));
  assertEquals(lines.map(({ id, name }) => [id, name]), [
    [1, "preparation"],
    [2, "steps"],
    [3, "ops, lane 1"],
    [4, "ops, lane 2"],
  ]);
  assertEquals(new Set(lines.map(({ began }) => began)), new Set([1_700_000_000_123 * 1e6]));
  assertEquals(lines[3].events, [["AddV2", 3_005_000_000, 2_000_000]]);
  const [, gradient] = parts(parts(plane, 3)[2], 4);
  const details = parts(gradient, 4).map((stat) => [stats.get(number(stat, 1)), text(parts(stat, 5)[0])]);
  assertEquals(details, [["layer", "conv"], ["op", "ReluGrad"], ["node", "conv/ReluGrad"]]);
});
