/** Asks Python's Keras, onnx and ONNX Runtime; see the .py files beside this one. @module */
import { join } from "@std/path";
import { tf } from "../../../lib/engine/mod.ts";
import { readLines } from "../../../tasks/_lines.ts";

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

/** A program of this folder that answers one request after another, as its imports take seconds. */
export interface Peer extends AsyncDisposable {
  /** A list of cases by task goes in, a list of answers by task comes out. @throws {Error} What it says, where it ends. */
  ask<T extends string>(request: Record<T, unknown[]>): Promise<Record<T, PeerAnswer[]>>;
}

/** Starts a peer. */
export function openPeer(python: string, peer: "keras_peer.py" | "onnx_peer.py"): Peer {
  const child = new Deno.Command(python, {
    args: [new URL(peer, import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = readLines(child.stdout), complaints = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  const say = (line: string) => writer.write(new TextEncoder().encode(line)).catch(() => {}); // it has ended
  return {
    async ask<T extends string>(request: Record<T, unknown[]>) {
      const folder = await Deno.makeTempDir();
      try {
        const files = { question: join(folder, "question.json"), answer: join(folder, "answer.json") };
        await Deno.writeTextFile(files.question, JSON.stringify(request));
        await say(JSON.stringify(files) + "\n");
        for (let line = ""; line !== "answered";) {
          const next = await lines.next();
          if (next.done) throw new Error(await complaints);
          line = next.value;
        }
        return JSON.parse(await Deno.readTextFile(files.answer)) as Record<T, PeerAnswer[]>;
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
    async [Symbol.asyncDispose]() {
      await writer.close().catch(() => {});
      while (!(await lines.next()).done); // to its end
      await Promise.all([child.status, complaints]);
    },
  };
}

/** Asks a peer once. */
export async function askPeer<T extends string>(
  python: string,
  peer: "keras_peer.py" | "onnx_peer.py",
  request: Record<T, unknown[]>,
): Promise<Record<T, PeerAnswer[]>> {
  await using program = openPeer(python, peer);
  return await program.ask(request);
}
