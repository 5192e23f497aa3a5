import { interruptible } from "../../tasks/_cli.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

const MODULE = new URL("../../tasks/_cli.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A task that says when it begins and what its signal says; it ends by itself only where `ends`. */
function start(ends: boolean): Deno.ChildProcess {
  const code = `import { interruptible } from ${JSON.stringify(MODULE)};
    const ended = await interruptible((signal) => new Promise((resolve) => {
      signal.addEventListener("abort", () => { console.log(signal.reason.message); ${
    ends ? 'resolve("cleanly")' : ""
  } });
      console.log("begun");
      setTimeout(() => Deno.exit(7), 600_000); // never to be reached
    }));
    console.log(ended);
    Deno.exit(0);`;
  const args = ["eval", "--no-check", "--config", CONFIG, code];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
}

/** Sends a signal at each line that a process writes; gives the lines and the exit code. */
async function interrupt(process: Deno.ChildProcess, signals: Deno.Signal[]): Promise<[string[], number]> {
  let text = "", lines = 0;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (; lines < text.split("\n").length - 1; lines++) {
      const signal = signals[lines];
      if (signal !== undefined) process.kill(signal);
    }
  }
  return [text.trim().split("\n"), (await process.status).code];
}

Deno.test({
  name:
    "interruptible() asks a task to end at the first signal, and ends it at the second with the shell's code",
  ignore: Deno.build.os === "windows",
  async fn() {
    const [clean, once, closed, int, term] = await Promise.all([
      interrupt(start(true), ["SIGINT"]),
      interrupt(start(true), ["SIGTERM"]),
      interrupt(start(true), ["SIGHUP"]), // the terminal was closed
      interrupt(start(false), ["SIGINT", "SIGINT"]),
      interrupt(start(false), ["SIGINT", "SIGTERM"]),
    ]);
    assertEquals(clean, [["begun", "stopped by SIGINT", "cleanly"], 0]);
    assertEquals(once, [["begun", "stopped by SIGTERM", "cleanly"], 0]);
    assertEquals(closed, [["begun", "stopped by SIGHUP", "cleanly"], 0]);
    assertEquals(int, [["begun", "stopped by SIGINT"], 130]);
    assertEquals(term, [["begun", "stopped by SIGINT"], 143]);
  },
});

Deno.test("interruptible() gives what the task gives, lets go of the signals, and hides no failure", async () => {
  const { addSignalListener, removeSignalListener } = Deno;
  const held = new Set<unknown>();
  Deno.addSignalListener = (_, handler) => void held.add(handler);
  Deno.removeSignalListener = (_, handler) => void held.delete(handler);
  try {
    assertEquals(await interruptible((signal) => Promise.resolve([signal.aborted, held.size])), [false, 3]);
    await assertRejects(
      () => interruptible(() => Promise.reject(new RangeError("of its own"))),
      RangeError,
      "of its own",
    );
  } finally {
    Object.assign(Deno, { addSignalListener, removeSignalListener });
  }
  assert(held.size === 0, "both are let go");
});
