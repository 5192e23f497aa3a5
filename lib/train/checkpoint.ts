/**
 * All that a run needs to go on as if it had never stopped, in one file that is there whole or not at all.
 *
 * A safetensors file: weights, optimizer, running averages, kept weights and the sums of the epoch under way as
 * arrays; position, random state, history, settings and the callbacks' states as JSON in its metadata, together with
 * the SHA-256 of the arrays.
 * @module
 */
import type { Precision, tf, Tuning } from "../engine/mod.ts";
import { sha256 } from "../base/sha256.ts";
import { writeDurably } from "../base/durable_file.ts";
import type { EpochNumbers } from "./history.ts";
import { decodeSafetensors, encodeSafetensors, type NamedArray } from "./safetensors.ts";

/** What a checkpoint says besides its arrays. */
export interface CheckpointState {
  /** Epochs completed. */
  epoch: number;
  /** Batches of the next epoch that are done. */
  batch: number;
  /** Steps taken in all. */
  step: number;
  /** The engine's random state. */
  random: { seed: number; counter: number };
  history: EpochNumbers[];
  /** Seconds spent so far, and in the epoch under way. */
  seconds: number;
  epochSeconds: number;
  shards: number;
  /** In which numbers layers multiply; float32 where an older checkpoint says nothing. */
  precision?: Precision;
  /** How convolutions are done that were measured; none where an older checkpoint says nothing. */
  tuning?: Tuning;
  /** Workers that took its steps. @default {1} */
  workers?: number;
  /** Whether a callback ended the run. */
  stopped: boolean;
  /** Epoch of the kept weights, 0 for none, and whether to go back to them. */
  keptEpoch: number;
  restoreKept: boolean;
  /** States of schedule and callbacks by name. */
  states: Record<string, unknown>;
  /** What must be the same for a run to go on. */
  settings: Record<string, unknown>;
}

/** A checkpoint. */
export interface Checkpoint {
  state: CheckpointState;
  /** By role: those of the step's variables, `kept` and `sums`; each in its variables' order. */
  arrays: Record<string, NamedArray[]>;
}

const FORMAT = "cloudchamber-checkpoint/2";

/** Values of tensors as arrays. */
export function arraysOf(tensors: readonly tf.Tensor[]): NamedArray[] {
  return tensors.map((tensor) => ({
    data: tensor.dataSync() as Float32Array | Int32Array,
    shape: tensor.shape,
  }));
}

/** Bytes of all arrays in order, which the checksum covers. */
function joined(arrays: Iterable<NamedArray>): Uint8Array<ArrayBuffer> {
  const parts = [...arrays].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Writes a checkpoint, replacing the one before only when all is on the disk.
 *
 * @throws {Error} What the file system says, with the path.
 */
export async function writeCheckpoint(path: string, { state, arrays }: Checkpoint): Promise<void> {
  const named = new Map<string, NamedArray>();
  for (const [role, list] of Object.entries(arrays)) {
    list.forEach((array, i) => named.set(`${role}/${i}`, array));
  }
  const metadata = {
    format: FORMAT,
    state: JSON.stringify(state),
    sha256: await sha256(joined(named.values())),
  };
  await writeDurably(path, encodeSafetensors({ arrays: named, metadata }));
}

/**
 * Reads a checkpoint.
 *
 * @returns The checkpoint, or undefined where there is no such file.
 * @throws {SyntaxError} If the file is cut off, damaged, or of another kind.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const { arrays: named, metadata } = decodeSafetensors(bytes, path);
  if (metadata.format !== FORMAT) {
    throw new SyntaxError(
      `Cannot resume from "${path}": it has format "${metadata.format}", this version goes on from "${FORMAT}" only`,
    );
  }
  if (await sha256(joined(named.values())) !== metadata.sha256) {
    throw new SyntaxError(`Cannot resume from "${path}": its checksum differs`);
  }
  const arrays: Record<string, NamedArray[]> = {};
  for (const [name, array] of named) {
    const role = name.slice(0, name.lastIndexOf("/"));
    (arrays[role] ??= []).push(array);
  }
  return { state: JSON.parse(metadata.state), arrays };
}

/**
 * Compares the settings of a run with those of a checkpoint.
 *
 * @throws {Error} Naming the first setting that differs.
 */
export function checkSettings(
  path: string,
  saved: Record<string, unknown>,
  now: Record<string, unknown>,
): void {
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    const [was, is] = [JSON.stringify(saved[name]), JSON.stringify(now[name])];
    if (was !== is) throw new Error(`Cannot resume from "${path}" as its run had ${name} ${was}: got ${is}`);
  }
}
