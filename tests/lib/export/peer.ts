/** Asks Python's Keras, onnx and ONNX Runtime; see the .py files beside this one. @module */
import { join } from "@std/path";
import { tf } from "../../../lib/engine/mod.ts";

/** An array on its way to or from Python. */
export interface PeerArray {
  shape: number[];
  data: number[];
}

/** What Python says to one case; `error` if it failed. */
export interface PeerAnswer {
  error?: string;
  inputs?: PeerArray[];
  outputs?: PeerArray[];
  [field: string]: unknown;
}

/** A tensor for Python. */
export function toPeer(tensor: tf.Tensor): PeerArray {
  return { shape: tensor.shape, data: Array.from(tensor.dataSync()) };
}

/** A tensor from Python. */
export function fromPeer({ shape, data }: PeerArray, dtype: "float32" | "int32" = "float32"): tf.Tensor {
  return tf.tensor(data, shape, dtype);
}

/** Runs a peer of this folder once. */
export function askPeer<T extends string>(
  python: string,
  peer: "keras_peer.py" | "onnx_peer.py",
  request: Record<T, unknown[]>,
): Promise<Record<T, PeerAnswer[]>> {
  return askProgram(python, new URL(peer, import.meta.url), request);
}

/** Runs a program once: a list of cases by task goes in, a list of answers by task comes out. */
export async function askProgram<T extends string>(
  python: string,
  program: URL,
  request: Record<T, unknown[]>,
): Promise<Record<T, PeerAnswer[]>> {
  const folder = await Deno.makeTempDir();
  try {
    const question = join(folder, "question.json"), answer = join(folder, "answer.json");
    await Deno.writeTextFile(question, JSON.stringify(request));
    const { success, stderr } = await new Deno.Command(python, {
      args: [program.pathname, question, answer],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return JSON.parse(await Deno.readTextFile(answer));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
