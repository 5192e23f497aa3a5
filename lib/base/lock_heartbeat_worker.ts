/** A thread that touches one lock's file, however busy the main thread is. @module */
import { workerScope } from "./worker_scope.ts";

/** What the thread is told once. */
export interface HeartbeatOrder {
  path: string;
  token: string;
  everyMs: number;
}

workerScope.onmessage = ({ data: { path, token, everyMs } }: MessageEvent<HeartbeatOrder>) => {
  const file = Deno.openSync(path, { read: true, write: true });
  const bytes = new Uint8Array(8192);
  const length = file.readSync(bytes) ?? 0;
  if (!new TextDecoder().decode(bytes.subarray(0, length)).includes(token)) {
    workerScope.close(); // broken before the thread was up
    return;
  }
  setInterval(() => {
    file.seekSync(length - 1, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(0x0a)); // the line end that is there: only the file's time changes
  }, everyMs);
};
