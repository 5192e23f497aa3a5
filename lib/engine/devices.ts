/**
 * Several devices of one process: the shards of a batch are put on them in turn, and every op runs where most of what it takes
 * is, so that forward and backward pass of a shard stay on its device and gradients meet on the first one.
 *
 * TensorFlow's logical CPU devices run the same code on any machine, and gain nothing over shards on one device.
 * @module
 */
import { state } from "./state.ts";
import type { tf } from "./tf.ts";

const FORM = /^(cpu|gpu):(\d{1,2})$/i;

/**
 * TensorFlow's name of a device.
 *
 * @throws {RangeError} If it is none such as `gpu:0`.
 * @example
 * ```ts
 * import { deviceName } from "./devices.ts";
 * deviceName("gpu:1"); // "/job:localhost/replica:0/task:0/device:GPU:1"
 * ```
 */
export function deviceName(device: string): string {
  const [, kind, number] = FORM.exec(device) ?? [];
  if (kind === undefined) {
    throw new RangeError(`Cannot use device "${device}" as a device is named like gpu:0 or cpu:1`);
  }
  return `/job:localhost/replica:0/task:0/device:${kind.toUpperCase()}:${Number(number)}`;
}

/** Logical CPU devices that are to be there for these to be found. */
export function logicalCpus(devices: readonly string[]): number {
  return Math.max(1, ...devices.map(deviceName).map((name) => Number(/CPU:(\d+)$/.exec(name)?.[1] ?? 0) + 1));
}

/**
 * Has the shards of batches put on devices.
 *
 * @param found Names of those that TensorFlow has.
 * @throws {RangeError} If it lacks one of them.
 */
export function useDevices(devices: readonly string[], found: readonly string[]): void {
  const names = devices.map(deviceName);
  names.forEach((name, i) => {
    if (found.includes(name)) return;
    const known = found.map((other) => other.slice(other.lastIndexOf("device:") + 7).toLowerCase()).join(
      ", ",
    );
    throw new RangeError(
      `Cannot use device "${
        devices[i]
      }" as TensorFlow has ${known}: deno task setup --with gpu says what a GPU needs`,
    );
  });
  state.devices = names;
}

/** How many devices the shards of a batch are put on. */
export function deviceCount(): number {
  return Math.max(1, state.devices.length);
}

/** A tensor of one of so many shards, on the shard's device; outside a compiled function as it is. */
export function onShardsDevice(x: tf.Tensor, shard: number, shards: number): tf.Tensor {
  const { devices, tracer, native } = state;
  if (devices.length < 2 || !tracer) return x;
  const [id] = native!.backend.getInputTensorIds([x]);
  const device = devices[Math.floor(shard * devices.length / shards)];
  return native!.backend.createOutputTensor(tracer.placeOn(id, device));
}
