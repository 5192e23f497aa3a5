import { join } from "@std/path";
import { crc32c, encodeEvents } from "../../../lib/run/tensorboard.ts";
import { readRun, runEventFile, runEvents } from "../../../lib/run/compare.ts";
import { assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { runPython } from "../io/_python.ts";
import { FINISHED, THREE, writeRun } from "./_runs.ts";

Deno.test("crc32c() gives the values of RFC 3720, appendix B.4", () => {
  assertEquals(crc32c(new Uint8Array(32)).toString(16), "8a9136aa");
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)).toString(16), "62a8ab43");
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)).toString(16), "46dd794e");
});

// tf.io.TFRecordWriter, TensorFlow 2.21.0: w.write(event_pb2.Event(wall_time=1.5, file_version="brain.Event:2")
// .SerializeToString()), then Event(wall_time=1.5, step=300, summary=Summary(value=[Value(tag="loss", simple_value=0.5)]))
const OF_TENSORFLOW =
  "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000003f69f9315b";

Deno.test("encodeEvents() writes the bytes that TensorFlow writes", () => {
  const bytes = encodeEvents([{ time: 1.5, step: 300, values: { loss: 0.5 } }]);
  assertEquals(bytes.toHex(), OF_TENSORFLOW);
});

Deno.test("runEvents() has each epoch when it ended, and the final metrics at the last where there are some", () =>
  withFolder(async (folder) => {
    const noon = Date.parse("2026-11-01T12:00:00Z") / 1000;
    await writeRun(join(folder, "running"), 1, THREE.slice(0, 2));
    assertEquals(runEvents(await readRun(join(folder, "running"))), [
      {
        time: noon + 10,
        step: 1,
        values: { "loss/training": 2, "loss/validation": 1.5, "training/learningRate": 0.1 },
      },
      {
        time: noon + 15,
        step: 2,
        values: { "loss/training": 1, "loss/validation": 1.25, "training/learningRate": 0.05 },
      },
    ]);
    await writeRun(join(folder, "finished"), 1, THREE, FINISHED);
    const events = runEvents(await readRun(join(folder, "finished")));
    assertEquals(events.map(({ step }) => step), [1, 2, 3, 3]);
    assertEquals(events.at(-1), { time: noon + 20, step: 3, values: { "accuracy/test": 0.875 } });
  }));

const READ = `
import glob, json, math, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tensorflow.core.util import event_pb2
def read(file):
    events = [event_pb2.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(file)]
    return [[e.file_version, e.step, {v.tag: v.simple_value for v in e.summary.value}] for e in events]
[file] = glob.glob("*tfevents*")
events = read(file)
try:
    damage = len(read("flipped"))
except tf.errors.DataLossError:
    damage = "noticed"
print(json.dumps([events, damage]))
`;

testWith(
  "keras",
  "TensorFlow reads a run's event file, checksums and all",
  (python) =>
    withFolder(async (folder) => {
      await writeRun(join(folder, "run"), 1, THREE, FINISHED);
      const { name, bytes } = runEventFile(await readRun(join(folder, "run")));
      assertEquals(name, "events.out.tfevents.1793534400.desk_lab");
      const place = join(folder, "events");
      await Deno.mkdir(place);
      await Deno.writeFile(join(place, name), bytes);
      const flipped = bytes.slice();
      flipped[bytes.length - 20] ^= 1;
      await Deno.writeFile(join(place, "flipped"), flipped);
      const [events, damage] = JSON.parse(await runPython(python, READ, place));
      assertEquals(events.slice(0, 2).concat(events.slice(-1)), [
        ["brain.Event:2", 0, {}],
        ["", 1, { "loss/training": 2, "loss/validation": 1.5, "training/learningRate": Math.fround(0.1) }],
        ["", 3, { "accuracy/test": 0.875 }],
      ]);
      assertEquals(damage, "noticed", "a flipped bit");
    }),
);
