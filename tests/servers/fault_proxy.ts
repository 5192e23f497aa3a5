/**
 * A TCP proxy that makes an HTTP server fail on purpose: connections refused, cut midway, silent, slow, or a 503.
 *
 * Bytes pass untouched, so that signatures and checksums stay valid. A request begins with the chunk that holds its
 * request line, which is how the clients in our tests write. @module
 */

/** What happens to one request. */
export type Fault =
  /** The server never sees more than this many bytes of the request; then both sides are closed. */
  | { kind: "cut request"; after: number }
  /** The server does its work; the client gets this many bytes of the answer, then the connection closes. */
  | { kind: "cut answer"; after: number }
  /** The server does its work, and the client never hears of it. */
  | { kind: "silence" }
  /** The proxy answers by itself. */
  | { kind: "status"; status: number; body?: string }
  /** The answer trickles. */
  | { kind: "slow"; bytesPerSecond: number };

/** Chooses the fault for a request, if any. `count` counts requests from 0. */
export type Chooser = (method: string, path: string, count: number) => Fault | undefined;

/** A running proxy. */
export interface FaultProxy extends AsyncDisposable {
  endpoint: string;
  /** Lines like `PUT /bucket/key` of all requests so far. */
  requests: string[];
  /** Chooses from now on. */
  choose: Chooser;
  /** Refuses all further connections and drops the open ones. */
  refuse(): void;
}

/**
 * Starts a proxy on a free port of the loopback.
 *
 * @param endpoint The real server, `http://127.0.0.1:PORT`.
 * @param choose Which requests fail, and how. @default {none}
 */
export function startFaultProxy(endpoint: string, choose: Chooser = () => undefined): FaultProxy {
  const { hostname, port } = new URL(endpoint);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const running = new Set<Promise<void>>();
  let listening = true;

  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests: [],
    choose,
    refuse() {
      if (listening) listener.close();
      listening = false;
      for (const connection of open) close(connection);
    },
    async [Symbol.asyncDispose]() {
      proxy.refuse();
      await Promise.all(running);
    },
  };

  function close(connection: Deno.TcpConn): void {
    if (open.delete(connection)) connection.close();
  }

  async function serve(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    const server = await Deno.connect({ hostname, port: Number(port) });
    open.add(server);
    const state: { fault?: Fault; toServer: number; toClient: number } = { toServer: 0, toClient: 0 };
    const shut = () => (close(client), close(server));
    const upstream = async () => {
      for await (const chunk of chunksOf(client)) {
        const line = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/.exec(
          new TextDecoder("latin1").decode(chunk.subarray(0, 4096)),
        );
        if (line) {
          state.fault = proxy.choose(line[1], line[2], proxy.requests.length);
          proxy.requests.push(`${line[1]} ${line[2]}`);
          [state.toServer, state.toClient] = [0, 0];
        }
        const { fault } = state;
        if (fault?.kind === "status") {
          const body = fault.body ?? "";
          // The client is told once it has nothing more to say, as a server under load would.
          if (line) await writeAll(client, `HTTP/1.1 100 Continue\r\n\r\n`);
          if (!drained(state, chunk, line !== null)) continue;
          await writeAll(
            client,
            `HTTP/1.1 ${fault.status} Fault\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
          );
          return shut();
        }
        if (fault?.kind === "cut request") {
          const rest = chunk.subarray(0, Math.max(0, fault.after - state.toServer));
          await writeAll(server, rest);
          state.toServer += rest.length;
          if (state.toServer >= fault.after) return shut();
        } else await writeAll(server, chunk);
      }
      shut();
    };
    const downstream = async () => {
      for await (const chunk of chunksOf(server)) {
        const { fault } = state;
        if (fault?.kind === "silence") continue;
        if (fault?.kind === "cut answer") {
          const rest = chunk.subarray(0, Math.max(0, fault.after - state.toClient));
          await writeAll(client, rest);
          state.toClient += rest.length;
          if (state.toClient >= fault.after) return shut();
        } else if (fault?.kind === "slow") {
          const step = Math.max(1, fault.bytesPerSecond / 20);
          for (let at = 0; at < chunk.length; at += step) {
            await writeAll(client, chunk.subarray(at, at + step));
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        } else await writeAll(client, chunk);
      }
      if (state.fault?.kind !== "silence") shut(); // else the client goes on waiting
    };
    // A side that goes away makes the other side's read or write fail: that is what this proxy is for.
    await Promise.all([upstream().catch(shut), downstream().catch(shut)]);
  }

  (async () => {
    try {
      for await (const client of listener) {
        const done: Promise<void> = serve(client).catch(() => close(client)).finally(() =>
          running.delete(done)
        );
        running.add(done);
      }
    } catch (error) {
      if (listening) throw error; // closing ends the loop
    }
  })();
  return proxy;
}

/** Whether a request has come to its end, by its Content-Length. */
function drained(state: { toServer: number }, chunk: Uint8Array, first: boolean): boolean {
  if (first) {
    const head = new TextDecoder("latin1").decode(chunk);
    const end = head.indexOf("\r\n\r\n");
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
    state.toServer = chunk.length - (end + 4) - length;
  } else state.toServer += chunk.length;
  return state.toServer >= 0;
}

async function* chunksOf(connection: Deno.TcpConn): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const buffer = new Uint8Array(65536);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    yield buffer.slice(0, n);
  }
}

async function writeAll(connection: Deno.TcpConn, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}
