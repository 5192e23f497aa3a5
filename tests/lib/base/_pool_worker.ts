/** A worker for the pool's tests: does what its message says. */
import { answerTasks } from "../../../lib/base/worker_task.ts";

export type Order =
  | { do: "double"; values: Uint8Array<ArrayBuffer> }
  | { do: "spin" | "hang" | "crash" | "setup" | "unclonable" | "hoard" }
  | { do: "throw"; kind: "SyntaxError" | "Odd" };

answerTasks<Order, unknown, string | undefined>(async (order, setup) => {
  switch (order.do) {
    case "double": {
      const result = order.values.map((v) => 2 * v);
      return { result, transfer: [result.buffer] };
    }
    case "spin":
      for (;;); // blocks its thread for good: only ending the thread helps
    case "hang":
      return await new Promise(() => {});
    case "crash":
      setTimeout(() => {
        throw new Error("out of cheese");
      });
      return await new Promise(() => {});
    case "hoard":
      for (const all: unknown[] = [];;) all.push({ index: all.length, values: [1, 2, 3] });
    case "setup":
      return { result: setup };
    case "unclonable":
      return { result: () => {} };
    case "throw":
      if (order.kind === "SyntaxError") throw new SyntaxError("bad bytes");
      throw Object.assign(new Error("odd"), { name: "Odd" });
  }
});
