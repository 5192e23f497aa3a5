/**
 * What TensorFlow's runtime is told of the processes that compute together: a `ServerDef`.
 *
 * Source: `tensorflow/core/protobuf/tensorflow_server.proto`, `cluster.proto` and `config.proto` of TensorFlow 2.21.
 * @module
 */
import { ProtoWriter } from "../../base/protobuf.ts";

/** The processes that compute together, as each of them sees it. */
export interface WorkerGroup {
  /** This one's number, from 0. */
  rank: number;
  /** `host:port` of every worker's TensorFlow server, by rank. */
  addresses: readonly string[];
}

/** Threads of the server's own device; the same as the context's. */
export interface ServerThreads {
  /** That one op may use. */
  threads: number;
  /** Ops side by side. */
  parallelOps: number;
}

/** TensorFlow's name of a worker. */
export function taskName(rank: number): string {
  return `/job:worker/replica:0/task:${rank}`;
}

/** The bytes of the `ServerDef` of one worker. */
export function encodeServerDef(
  { rank, addresses }: Pick<WorkerGroup, "rank" | "addresses">,
  { threads, parallelOps }: ServerThreads,
): Uint8Array<ArrayBuffer> {
  const job = new ProtoWriter().text(1, "worker");
  addresses.forEach((address, i) => job.message(2, new ProtoWriter().integer(1, i).text(2, address)));
  const experimental = new ProtoWriter().text(1, taskName(0)); // collective_group_leader
  const config = new ProtoWriter().integer(2, threads).integer(5, parallelOps).message(16, experimental);
  return new ProtoWriter()
    .message(1, new ProtoWriter().message(1, job)) // cluster
    .text(2, "worker") // job_name
    .integer(3, rank) // task_index
    .message(4, config) // default_session_config
    .text(5, "grpc") // protocol
    .finish() as Uint8Array<ArrayBuffer>;
}
