import { isRunning, ownIdentity } from "../../../lib/base/process_identity.ts";
import { assert, assertEquals } from "../../assert.ts";
import { until } from "../../until.ts";
import { readLines } from "../../../tasks/_lines.ts";

Deno.test("ownIdentity() says the machine, its start, the process and its start, always the same", () => {
  const own = ownIdentity();
  assertEquals([own.host, own.pid], [Deno.hostname(), Deno.pid]);
  const boot = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  assert(own.boot!.startsWith(`${boot} pid:[`), own.boot);
  const [uptime] = Deno.readTextFileSync("/proc/uptime").split(" ").map(Number);
  const started = Number(own.started) / 100; // USER_HZ
  assert(
    started > 0 && started <= uptime,
    `started ${started} s after the machine, which runs for ${uptime} s`,
  );
  assertEquals(ownIdentity(), own);
});

Deno.test("isRunning() knows a process by its start, and not those of other machines, starts or containers", () => {
  const own = ownIdentity();
  assertEquals(isRunning(own), true);
  assertEquals(isRunning({ host: own.host, pid: own.pid }), true); // of an older lock
  assertEquals(isRunning({ ...own, started: "1" }), false); // a later process with the same pid
  assertEquals(isRunning({ ...own, host: "elsewhere" }), undefined);
  assertEquals(isRunning({ ...own, boot: "another" }), undefined);
  assertEquals(isRunning({ ...own, boot: undefined }), true);
  assertEquals(isRunning({ host: own.host, boot: own.boot, pid: 2 ** 22 + 1 }), false); // above the kernel's largest
});

Deno.test("isRunning() takes a process that ended and was not waited for as gone, whatever its name", async () => {
  // The shell becomes a sleep that never waits; its child, named "a) R 1 1", has ended.
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/a) R 1 1`;
    // By another process: what this one may still write, no other test's program lets Linux run.
    assert((await new Deno.Command("cp", { args: ["/bin/sleep", program] }).output()).success);
    const script = '"$0" 1000 & echo $!; exec sleep 1000';
    const child = new Deno.Command("sh", { args: ["-c", script, program], stdout: "piped" }).spawn();
    try {
      const lines = readLines(child.stdout), pid = Number((await lines.next()).value);
      await lines.return(undefined);
      const { host, boot } = ownIdentity(), other = { host, boot, pid };
      assertEquals(isRunning(other), true);
      const nameOf = (pid: number) => Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
      await until("the child's exec", () => nameOf(pid) === "a) R 1 1");
      // Until it is a sleep, the shell may wait for its children between two commands.
      await until("the shell's exec", () => nameOf(child.pid) === "sleep");
      Deno.kill(pid, "SIGKILL");
      await until("its end", () => isRunning(other) === false);
      assert(Deno.statSync(`/proc/${pid}`).isDirectory, "no zombie is left to look at");
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
