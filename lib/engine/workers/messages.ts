/** Messages over a connection, each a line of JSON. @module */

/** Reads messages until the connection ends or breaks, or another program speaks at its other end. */
export async function* readMessages<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
  let rest = "";
  try {
    for await (const text of stream.pipeThrough(decoder)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as T;
    }
  } catch {
    return; // whoever reads is told by the end
  }
}
