/** Run folders as training leaves them, for tests of what reads them. */
import { join } from "@std/path";
import { newRecord, type RunRecord, writeRecord } from "../../../lib/run/run_folder.ts";
import { encodeHistory, type EpochNumbers } from "../../../lib/train/history.ts";

/** Writes a run; started at noon of a day in November 2026. */
export async function writeRun(
  folder: string,
  day: number,
  epochs: readonly EpochNumbers[],
  more: Partial<RunRecord> = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const options = { epochs: 3, rate: 0.1, seed: day };
  const started = `2026-11-${String(day).padStart(2, "0")}T12:00:00.000Z`;
  await writeRecord(folder, { ...newRecord("digits", options), started, host: "desk.lab", ...more });
  await Deno.writeTextFile(join(folder, "history.csv"), encodeHistory(epochs));
}

/** Three epochs, the last of which did worse on validation. */
export const THREE: readonly EpochNumbers[] = [
  { epoch: 1, loss: 2, validationLoss: 1.5, learningRate: 0.1, seconds: 10, examplesPerSecond: 60 },
  { epoch: 2, loss: 1, validationLoss: 1.25, learningRate: 0.05, seconds: 5, examplesPerSecond: 120 },
  { epoch: 3, loss: 0.5, validationLoss: 1.75, learningRate: 0.025, seconds: 5, examplesPerSecond: 120 },
];

/** What a finished run says of itself. */
export const FINISHED: Partial<RunRecord> = {
  state: "finished",
  weightsOf: 2,
  parameters: 1234,
  seconds: 20,
  metrics: { accuracy: { value: 0.875, low: 0.8, high: 0.9, n: 80, split: "test" } },
};
