/** What early stopping, the CSV log and the losses of single batches do with what they are told. */
import { join } from "@std/path";
import { batchLosses } from "../../../lib/train/batch_losses.ts";
import type { Callback, TrainingControl } from "../../../lib/train/callback.ts";
import { csvLog } from "../../../lib/train/csv_log.ts";
import { earlyStopping } from "../../../lib/train/early_stopping.ts";
import { assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

/** Tells a callback epoch after epoch; what it did at each: k for keeping, s for stopping, r for "restore", - for "do not". */
async function tell(callback: Callback, column: string, values: readonly number[]): Promise<string> {
  const did: string[] = [];
  for (const value of values) {
    let now = "";
    const control: TrainingControl = {
      stop: () => void (now += "s"),
      keepWeights: () => void (now += "k"),
      restoreKept: (restore) => void (now += restore ? "r" : "-"),
    };
    await callback.onEpoch!({ epoch: did.length + 1, [column]: value }, control);
    did.push(now);
  }
  return did.join(" ");
}

const info = { epochs: 9, better: { validationLoss: "lower", validationAccuracy: "higher" } } as const;

Deno.test("earlyStopping() waits five epochs without progress on the validation loss, and keeps the best", async () => {
  const stop = earlyStopping();
  stop.begin!(info);
  assertEquals(await tell(stop, "validationLoss", [3, 2, 2, 2.1, 2, 5, 2]), "kr kr r r r r sr");
  stop.begin!(info);
  assertEquals(await tell(stop, "validationLoss", [9]), "kr", "another run begins anew");
});

Deno.test("earlyStopping() counts as progress what is more than minDelta", async () => {
  const stop = earlyStopping({ minDelta: 0.5, patience: 2 });
  assertEquals(await tell(stop, "validationLoss", [3, 2.5, 2.4, 2.3]), "kr r kr r");
  const rising = earlyStopping({ monitor: "validationAccuracy", minDelta: 0.25, patience: 3 });
  rising.begin!(info);
  assertEquals(await tell(rising, "validationAccuracy", [0.25, 0.5, 0.75, 0.8, 0.9, 1]), "kr r kr r r sr");
});

Deno.test("earlyStopping() goes the way it is told, or the metric's own", async () => {
  const told = earlyStopping({ better: "lower", monitor: "validationAccuracy", patience: 1 });
  told.begin!(info);
  assertEquals(await tell(told, "validationAccuracy", [0.5, 0.4, 0.6]), "kr kr sr");
  const other = earlyStopping({ better: "higher", monitor: "odd", patience: 1 });
  assertEquals(await tell(other, "odd", [1, 2, 1]), "kr kr sr");
  other.begin!(info);
  assertEquals(await tell(other, "odd", [1, 2, 1]), "kr kr sr");
});

Deno.test("earlyStopping() keeps no weights where it shall not go back", async () => {
  assertEquals(
    await tell(earlyStopping({ restoreBest: false, patience: 1 }), "validationLoss", [2, 1, 1]),
    "- - s-",
  );
});

Deno.test("earlyStopping() goes on waiting where a checkpoint left it", async () => {
  const first = earlyStopping({ patience: 3 }), second = earlyStopping({ patience: 3 });
  assertEquals(await tell(first, "validationLoss", [2, 3, 3]), "kr r r");
  second.restore!(JSON.parse(JSON.stringify(first.state!())));
  assertEquals(await tell(second, "validationLoss", [3]), "sr");
  const again = earlyStopping({ patience: 3 });
  again.restore!(first.state!());
  assertEquals(await tell(again, "validationLoss", [1, 2]), "kr r");
});

Deno.test("earlyStopping() wants a patience of whole epochs, and a number that is there", async () => {
  for (const patience of [0, -1, 1.5, NaN]) {
    assertThrows(() => earlyStopping({ patience }), RangeError, `at least 1 epoch: got ${patience}`);
  }
  await assertRejects(
    () => tell(earlyStopping(), "loss", [1]),
    RangeError,
    'Cannot watch "validationLoss" to stop early: the history has epoch, loss',
  );
});

Deno.test("csvLog() writes all epochs anew after each, whole, and goes on after a resume", () =>
  withFolder(async (folder) => {
    const path = join(folder, "history.csv"), log = csvLog(path);
    const text = () => Deno.readTextFile(path);
    log.begin!(info);
    await withFileSystem(async (calls) => {
      await tell(log, "loss", [3]);
      assertEquals(calls.slice(0, 4).map((call) => call.split(" ")[0]), ["open", "write", "sync", "rename"]);
    });
    assertEquals(await text(), "epoch,loss\n1,3\n");
    await tell(log, "loss", [2]);
    assertEquals(await text(), "epoch,loss\n1,3\n1,2\n");
    const again = csvLog(path);
    again.begin!(info);
    again.restore!(JSON.parse(JSON.stringify(log.state!())));
    await tell(again, "loss", [1]);
    assertEquals(await text(), "epoch,loss\n1,3\n1,2\n1,1\n");
    assertEquals((log.state!() as unknown[]).length, 2, "what was restored is a copy");
    again.begin!(info);
    await tell(again, "loss", [7]);
    assertEquals(await text(), "epoch,loss\n1,7\n");
  }));

/** Tells of batches of 4, 4 and 2 examples whose losses are given. */
async function batches(
  callback: Callback,
  epoch: number,
  losses: readonly number[],
  from = 1,
): Promise<number> {
  let sum = 0, examples = 0, reads = 0;
  for (const [i, loss] of losses.entries()) {
    const size = i === 2 ? 2 : 4;
    sum += loss * size;
    examples += size;
    if (i + 1 < from) continue;
    const read = () => {
      reads++;
      return Promise.resolve({ means: { loss: sum / examples }, examples, firstBad: 0 });
    };
    await callback.onBatch!({ epoch, batch: i + 1, examples: size, read });
  }
  return reads;
}

const lossesOf = (callback: Callback) => (callback.state!() as { losses: number[] }).losses;

Deno.test("batchLosses() takes each batch's own loss out of the means, in the first epoch only", async () => {
  const callback = batchLosses();
  assertEquals(await batches(callback, 1, [5, 3, 8]), 3);
  assertClose(lossesOf(callback), [5, 3, 8], 1e-9);
  assertEquals(await batches(callback, 2, [1, 1, 1]), 0, "nothing is waited for");
  callback.begin!(info);
  assertEquals(lossesOf(callback), []);
});

Deno.test("batchLosses() begins each epoch anew, and goes on in the middle of one", async () => {
  const callback = batchLosses({ epochs: 2 });
  await batches(callback, 1, [5, 3, 8]);
  await batches(callback, 2, [2, 4]);
  const again = batchLosses({ epochs: 2 });
  again.restore!(JSON.parse(JSON.stringify(callback.state!())));
  await batches(again, 2, [2, 4, 6], 3);
  assertClose(lossesOf(again), [5, 3, 8, 2, 4, 6], 1e-9);
  assertEquals(lossesOf(callback).length, 5);
});
