/**
 * The thread of a worker that keeps touch with the others: it comes to the first worker's address, says once a second that it
 * lives and where the main thread stands, and breaks the exchange off as soon as somebody is lost, however long the main thread
 * is held by a step. The first worker's thread is also the one that all others come to.
 * @module
 */
import { freePort } from "../../base/free_port.ts";
import { workerScope } from "../../base/worker_scope.ts";
import type { BreakPoint } from "./collectives.ts";
import {
  createHub,
  type Facts,
  type Hello,
  type Hub,
  type HubMessage,
  type HubOptions,
  isLoopback,
  type RunEnd,
  type WorkerMessage,
} from "./hub.ts";
import { readMessages } from "./messages.ts";

/** How the thread is started. */
export interface WatchOrder extends Omit<Hello, "address">, Omit<HubOptions, "send"> {
  /** Where the first worker is to be found, the likeliest first. */
  hostnames: readonly string[];
  port: number;
  /** Step and what the main thread is at, shared with it. */
  position: Int32Array<SharedArrayBuffer>;
}

/** What the main thread asks for. */
export type WatchRequest =
  | { join: WatchOrder }
  | { agree: string; facts: Facts }
  | { exchange: BreakPoint }
  | { leave: true }
  | { fail: string };

/** What the thread answers. */
export type WatchReply =
  | { welcome: { addresses: string[]; word: unknown } }
  | { agreed: string }
  | { end: RunEnd }
  | { left: true };

const BEAT_MS = 1000, RETRY_MS = 200;
const now = () => performance.now() / 1000;
const reply = (message: WatchReply) => workerScope.postMessage(message);

let order: WatchOrder;
/** Says something to the hub. */
let tell: (message: WorkerMessage) => void = () => {};
let heard = now(), over = false, exchange: BreakPoint | undefined;

/** Ends the run here: whoever waits in a step is woken. */
function end(rank: number, line: string): void {
  if (over) return;
  over = true;
  reply({ end: { rank, line } });
  if (!exchange) return;
  const { symbols: c } = Deno.dlopen(exchange.library, {
    TF_NewStatus: { parameters: [], result: "pointer" },
    TF_SetStatus: { parameters: ["pointer", "i32", "buffer"], result: "void" },
    TFE_AbortCollectiveOps: { parameters: ["pointer", "pointer"], result: "void" },
  });
  const status = c.TF_NewStatus(), ABORTED = 10;
  c.TF_SetStatus(status, ABORTED, new TextEncoder().encode("another worker is lost\0"));
  c.TFE_AbortCollectiveOps(Deno.UnsafePointer.create(exchange.context), status);
}

function hear(message: HubMessage): void {
  heard = now();
  if (message.type === "welcome") reply({ welcome: message });
  else if (message.type === "agreed") reply({ agreed: message.topic });
  else if (message.type === "end") end(message.rank, message.line);
}

function hello(hostname: string): WorkerMessage {
  const { rank, size, token, host, machine, pid, facts } = order;
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  const port = freePort({ hostname: "0.0.0.0", turn: [rank, size] });
  return { type: "hello", rank, token, host, machine, pid, address: `${name}:${port}`, facts };
}

/** The first worker: opens the door to the others, and is the first to come. */
function open(): void {
  const { port, size } = order;
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: "0.0.0.0", port });
  } catch (error) {
    return end(-1, `Cannot open port ${port} for the other workers: ${(error as Error).message}`);
  }
  const senders = new Map<number, (message: HubMessage) => void>([[0, hear]]);
  const hub = createHub({ ...order, send: (rank, message) => senders.get(rank)?.(message) }, now());
  tell = (message) => hub.receive(0, message, now());
  setInterval(() => {
    hub.tick(now());
    for (const send of senders.values()) send({ type: "alive" });
  }, BEAT_MS);
  if (size === 1) tell(hello("127.0.0.1"));
  const places: string[] = [];
  /** The last of the others has come: where they come to is where they will find the first worker's server. */
  const comeLast = (place: string) => {
    places.push(place);
    if (places.length === size - 1) tell(hello(places.find((other) => !isLoopback(other)) ?? place));
  };
  void (async () => {
    for await (const connection of listener) void serve(connection, hub, senders, comeLast);
  })();
}

/** One worker's connection, in the first worker. */
async function serve(
  connection: Deno.TcpConn,
  hub: Hub,
  senders: Map<number, (message: HubMessage) => void>,
  come: (place: string) => void,
): Promise<void> {
  let rank = -1;
  const send = sender(connection), { hostname } = connection.localAddr as Deno.NetAddr;
  for await (const message of readMessages<WorkerMessage>(connection.readable)) {
    if (message.type === "hello") {
      if (message.token !== order.token) {
        send({ type: "end", rank: -1, line: "Cannot join this run as another run is at this address" });
        continue;
      }
      if (!senders.has(message.rank)) senders.set(rank = message.rank, send);
      come(hostname);
    }
    hub.receive(rank, message, now());
  }
  if (rank >= 0) hub.close(rank);
}

/** Sends messages one after another; a connection that is gone is noticed by who reads from it. */
function sender(connection: Deno.TcpConn): (message: unknown) => void {
  const writer = connection.writable.getWriter();
  return (message) =>
    void writer.write(new TextEncoder().encode(JSON.stringify(message) + "\n")).catch(() => {});
}

/** A connection with the first worker, by the first of its names that leads there. */
async function connect(): Promise<Deno.TcpConn | Error> {
  const { hostnames, port } = order;
  let reason = "";
  for (const hostname of hostnames) {
    try {
      return await Deno.connect({ hostname, port });
    } catch (error) {
      reason ||= `: ${(error as Error).message}`;
    }
  }
  return new Error(`Cannot find the first worker at ${hostnames.join(" or ")}, port ${port}${reason}`);
}

/** Every other worker: comes to the first, as soon as that is there. */
async function come(): Promise<void> {
  const { startSeconds, silenceSeconds } = order, started = now();
  let connection: Deno.TcpConn | undefined;
  while (!connection) {
    const found = await connect();
    if (found instanceof Error) {
      if (now() - started > startSeconds) return end(0, `${found.message} (for ${startSeconds} s)`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    } else connection = found;
  }
  tell = sender(connection);
  tell(hello((connection.localAddr as Deno.NetAddr).hostname));
  heard = now();
  setInterval(() => {
    if (now() - heard < silenceSeconds) return;
    end(0, `worker 0 stands still: nothing was heard of it for ${silenceSeconds} s`);
  }, BEAT_MS);
  for await (const message of readMessages<HubMessage>(connection.readable)) hear(message);
  end(0, "worker 0 has ended");
}

workerScope.onmessage = async ({ data }: MessageEvent<WatchRequest>) => {
  if ("join" in data) {
    order = data.join;
    setInterval(() => {
      tell({ type: "beat", step: Atomics.load(order.position, 0), doing: Atomics.load(order.position, 1) });
    }, BEAT_MS);
    if (order.rank === 0) open();
    else void come();
  } else if ("agree" in data) tell({ type: "facts", topic: data.agree, facts: data.facts });
  else if ("exchange" in data) exchange = data.exchange;
  else if ("fail" in data) tell({ type: "fail", line: data.fail });
  else {
    over = true;
    tell({ type: "leave" });
    await new Promise((resolve) => setTimeout(resolve, 50)); // what was said goes out
    reply({ left: true });
  }
};
