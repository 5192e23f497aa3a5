import { acquireLock, inspectLock, type Lock, tryLock } from "../../../lib/base/lock.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { until } from "../../until.ts";

const program = new URL("./_lock_program.ts", import.meta.url).pathname;

/** Starts a process that holds the lock, and waits until it does. */
async function startHolder(...args: string[]): Promise<Deno.ChildProcess> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, ...args],
    stdout: "piped",
    stderr: "inherit",
  });
  const child = command.spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  await child.stdout.cancel();
  return child;
}

async function stop(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
}

Deno.test("acquireLock() keeps others out until it is released", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    const lock = await acquireLock(path, { job: "4711" });
    const refused = tryLock(path);
    assert(!("release" in refused), "two locks at once");
    assertEquals(refused.owner?.pid, Deno.pid);
    const problem = await assertRejects(() => acquireLock(path, { timeoutMs: 5 }), Error, "within 5 ms");
    assert(problem.message.includes("job 4711"), problem.message);
    lock.release();
    lock.release();
    const next = tryLock(path) as Lock;
    assertEquals([lock.isHeld(), next.isHeld()], [false, true]);
    lock.release(); // not the next one's
    assert(next.isHeld(), "released by an earlier owner");
    next.release();
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), []);
  }));

Deno.test("acquireLock() breaks the lock of a killed process at once, with a note", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    const child = await startHolder("hold", path);
    assertEquals(inspectLock(path).state, "alive");
    await stop(child);
    const notes: string[] = [];
    const lock = tryLock(path, { onBreak: (note) => notes.push(note) });
    assert("release" in lock, "the dead owner kept it");
    assertEquals(notes.length, 1);
    assert(notes[0].includes(`process ${child.pid} on`), notes[0]);
    assertEquals(Deno.readTextFileSync(`${path}.log`), notes[0] + "\n");
    lock.release();
  }));

Deno.test("acquireLock() believes another machine's lock until it was not touched for long", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    (tryLock(path, { host: "far" }) as Lock).beat(); // left open: that machine is lost
    assertEquals(inspectLock(path, { staleMs: 10_000 }).state, "alive");
    await Deno.utime(path, new Date(), new Date(Date.now() - 11_000));
    const report = inspectLock(path, { staleMs: 10_000 });
    assertEquals([report.state, report.owner?.host], ["dead", "far"]);
    const lock = await acquireLock(path, { staleMs: 10_000 });
    assert(lock.isHeld());
    lock.release();
  }));

Deno.test("acquireLock() leaves a lock alone whose owner is busy, as a thread touches it", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    const child = await startHolder("busy", path, "far"); // told from age alone
    const touched = () => Number(Deno.statSync(path).mtime);
    for (let i = 0; i < 5; i++) {
      const before = touched();
      await until("the lock to be touched", () => touched() > before);
      assertEquals(inspectLock(path, { staleMs: 60_000 }).state, "alive");
    }
    await stop(child);
    await Deno.utime(path, new Date(), new Date(Date.now() - 61_000));
    assertEquals(inspectLock(path, { staleMs: 60_000 }).state, "dead");
  }));

Deno.test("acquireLock() works where a file system has no links", () =>
  withFolder(async (folder) => {
    const linkSync = Deno.linkSync;
    Deno.linkSync = () => {
      throw new Deno.errors.NotSupported("Operation not supported (os error 95)");
    };
    try {
      const path = `${folder}/lock`;
      const lock = tryLock(path) as Lock;
      assert(lock.isHeld());
      assert(!("release" in tryLock(path)), "two locks at once");
      lock.release();
      Deno.writeTextFileSync(path, '{"token":"ab'); // died while it wrote
      assertEquals(inspectLock(path).state, "alive");
      await Deno.utime(path, new Date(), new Date(Date.now() - 31_000));
      const next = tryLock(path) as Lock;
      assert(next.isHeld());
      next.release();
    } finally {
      Deno.linkSync = linkSync;
    }
  }));

Deno.test("acquireLock() takes away what processes left that died while they made a lock's file", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`, old = new Date(Date.now() - 60_000);
    (tryLock(path, { host: "far" }) as Lock).beat(); // left open: that machine is lost
    const names = ["lock.a.new", "lock.b.probe", "lock.c.log", "other.d.new", "lock.e.new"];
    for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, "");
    for (const name of ["lock", ...names.slice(0, -1)]) await Deno.utime(`${folder}/${name}`, old, old);
    const lock = await acquireLock(path);
    const left = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    // Those of this lock that are old are gone; the last one was made a moment ago.
    assertEquals(left, ["lock", "lock.c.log", "lock.e.new", "lock.log", "other.d.new"]);
    lock.release();
  }));

Deno.test("inspectLock() knows no owner in a file that does not name one whole", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    const ownerOf = (text: string) => {
      Deno.writeTextFileSync(path, text);
      return inspectLock(path).owner?.token;
    };
    assertEquals(ownerOf('{"token":"a","host":"b"}'), "a");
    for (
      const text of [
        "",
        "null",
        '{"token":"a"}',
        '{"host":"b"}',
        '{"token":1,"host":"b"}',
        '{"token":"a","host":1}',
      ]
    ) {
      assertEquals(ownerOf(text), undefined, text);
    }
    await Deno.remove(path);
    assertEquals(inspectLock(path), { state: "free", ageMs: 0, why: "there is no such file" });
  }));

Deno.test("acquireLock() says what the file system says where neither a link nor a file can be made", () =>
  withFolder(async (folder) => {
    const linkSync = Deno.linkSync, openSync = Deno.openSync, path = `${folder}/lock`;
    Deno.linkSync = () => {
      throw new Deno.errors.NotSupported("no links here");
    };
    Deno.openSync = (file, options) => {
      if (file === path && options?.createNew) throw new Deno.errors.PermissionDenied("no files here");
      return openSync(file, options);
    };
    try {
      const problem = await assertRejects(
        () => acquireLock(path),
        Deno.errors.PermissionDenied,
        "no files here",
      );
      assert(problem.message.startsWith(`Cannot take lock "${path}": `), problem.message);
      assertEquals((problem.cause as Error).message, "no links here");
    } finally {
      Object.assign(Deno, { linkSync, openSync });
    }
    assertEquals(Array.from(Deno.readDirSync(folder)), []);
  }));

Deno.test("acquireLock() goes by age where the file system has no locks of the kernel's", () =>
  withFolder(async (folder) => {
    const { lockSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.lockSync = () => {
      throw new Deno.errors.NotSupported("no locks here");
    };
    try {
      const lock = await acquireLock(`${folder}/lock`);
      assertEquals(lock.owner.kernel, false);
      assertEquals(inspectLock(lock.path).why, `process ${Deno.pid} runs`);
      lock.release();
    } finally {
      Deno.FsFile.prototype.lockSync = lockSync;
    }
    assertEquals(Array.from(Deno.readDirSync(folder)), []);
  }));

Deno.test("acquireLock() says that a folder cannot be written", () =>
  withFolder(async (folder) => {
    await assertRejects(() => acquireLock(`${folder}/none/lock`), Deno.errors.NotFound);
  }));

Deno.test("acquireLock() lets one in at a time, however many are killed at random", () =>
  withFolder(async (folder) => {
    const start = () =>
      new Deno.Command(Deno.execPath(), { args: ["run", "-A", program, "storm", folder] }).spawn();
    const rounds = `${folder}/rounds`, rng = createRng(15);
    await Deno.writeTextFile(rounds, "");
    /** Until somebody got in, and some milliseconds more. */
    const nextRounds = async () => {
      const before = Deno.statSync(rounds).size;
      await until("anybody to get in", () => Deno.statSync(rounds).size > before);
      await new Promise((resolve) => setTimeout(resolve, 60 * rng()));
    };
    const children = [start(), start(), start()];
    for (let kill = 0; kill < 15; kill++) {
      await nextRounds();
      await stop(children[kill % 3]);
      children[kill % 3] = start();
    }
    await nextRounds();
    for (const child of children) await stop(child);
    const lock = await acquireLock(`${folder}/lock`, { timeoutMs: 120_000 });
    lock.release();
    assertEquals(await Deno.stat(`${folder}/violation`).then(() => true, () => false), false);
  }));
