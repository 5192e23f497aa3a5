/**
 * A server of the loopback that answers as a test tells it to: what a real S3 server says only when it is in trouble.
 * @module
 */

/** A request as it came. */
export interface Heard {
  method: string;
  /** Path with its query, as it was sent. */
  path: string;
  headers: Headers;
  body: Uint8Array;
}

/** What is answered; an Error breaks the connection off. */
export type Answer = Response | Promise<Response>;

/** A running server. */
export interface AnswerServer extends AsyncDisposable {
  endpoint: string;
  /** All requests so far. */
  heard: Heard[];
  /** Answers from now on; `count` counts requests from 0. */
  answer: (request: Heard, count: number) => Answer;
}

/** Starts a server on a free port. */
export function startAnswers(answer: AnswerServer["answer"]): AnswerServer {
  const heard: Heard[] = [];
  const stop = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} };
  const server = Deno.serve(options, async (request) => {
    const { pathname, search } = new URL(request.url);
    const one: Heard = {
      method: request.method,
      path: pathname + search,
      headers: request.headers,
      body: new Uint8Array(await request.arrayBuffer()),
    };
    heard.push(one);
    return await running.answer(one, heard.length - 1);
  });
  const running: AnswerServer = {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    heard,
    answer,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
  return running;
}

/** An S3 server's refusal. */
export function s3Problem(status: number, code: string): Response {
  const xml =
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
  return new Response(xml, { status, headers: { "content-type": "application/xml" } });
}

/** A body of which only the first bytes come before the connection ends, short of what its Content-Length says. */
export function cutBody(bytes: Uint8Array<ArrayBuffer>, sent: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (sent > 0) controller.enqueue(bytes.subarray(0, sent));
      controller.close();
    },
  });
}
