/** A process of the tests of locks: `hold PATH` waits with the lock, `storm FOLDER` takes it over and over. */
import { acquireLock } from "../../../lib/base/lock.ts";

const [what, path, host] = Deno.args;
if (what === "hold" || what === "busy") {
  const lock = await acquireLock(path, { host, heartbeatMs: what === "busy" ? 50 : undefined });
  const touched = () => Number(Deno.statSync(path).mtime);
  const taken = touched();
  while (what === "busy" && touched() === taken) await new Promise((resolve) => setTimeout(resolve, 10)); // its thread loads
  await Deno.stdout.write(new TextEncoder().encode("held\n"));
  if (what === "busy") { for (const end = Date.now() + 600_000; Date.now() < end;); }
  else await new Promise((resolve) => setTimeout(resolve, 600_000));
  lock.release();
} else {
  for (;;) {
    const lock = await acquireLock(`${path}/lock`);
    try {
      Deno.writeTextFileSync(`${path}/inside`, String(Deno.pid), { createNew: true });
    } catch {
      const other = Number(Deno.readTextFileSync(`${path}/inside`));
      const runs = other !== 0 && await Deno.stat(`/proc/${other}/exe`).then(() => true, () => false);
      if (runs) Deno.writeTextFileSync(`${path}/violation`, `${Deno.pid} met ${other}\n`, { append: true });
    }
    Deno.writeTextFileSync(`${path}/rounds`, ".", { append: true });
    Deno.removeSync(`${path}/inside`);
    lock.release();
  }
}
