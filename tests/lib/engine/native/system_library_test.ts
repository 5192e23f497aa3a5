import { assertEquals } from "../../../assert.ts";
import { runDeno } from "../../../task_command.ts";

Deno.test("quietly() keeps what native code says from standard error until it is over, however it ends", async () => {
  // In a process of its own, whose standard error can be read; Deno's own writes go another way than a library's.
  const code = `
    import { quietly } from "${import.meta.resolve("../../../../lib/engine/native/system_library.ts")}";
    const name = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";
    const { symbols } = Deno.dlopen(name, { write: { parameters: ["i32", "buffer", "usize"], result: "isize" } });
    const say = (text, place = 2) => symbols.write(place, new TextEncoder().encode(text + "\\n"), text.length + 1);
    say("before");
    const value = quietly(() => {
      say("greeting");
      say("told", 1);
      return 7;
    });
    say("between " + value);
    try {
      quietly(() => {
        say("complaint");
        throw new Error("failed");
      });
    } catch (error) {
      say(error.message);
    }`;
  const ended = await runDeno(["eval", "--no-check", code]);
  assertEquals(ended, { code: 0, out: "told", err: "before\nbetween 7\nfailed" });
});
