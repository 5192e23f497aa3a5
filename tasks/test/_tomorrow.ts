/**
 * Loaded before a test file, it sets the clock a day ahead, for now and for the times of files.
 *
 * A test file that names an S3 server keeps the true time: the server refuses signatures of another day.
 * @module
 */
const S3_SERVER = /versitygw|minio|servers\/scoring/;
const keepsTrueTime = S3_SERVER.test(Deno.readTextFileSync(new URL(Deno.mainModule)));
const DAY_MS = keepsTrueTime ? 0 : 24 * 60 * 60 * 1000;
const trueNow = Date.now;
const TrueDate = Date;

TrueDate.now = () => trueNow() + DAY_MS;
/** The same class, so that dates from elsewhere are instances of it; only "now" differs. */
globalThis.Date = new Proxy(TrueDate, {
  apply: () => new TrueDate(TrueDate.now()).toString(),
  construct: (_, args, subclass) =>
    Reflect.construct(TrueDate, args.length > 0 ? args : [TrueDate.now()], subclass),
});
TrueDate.prototype.constructor = globalThis.Date;

type Times = Pick<Deno.FileInfo, "atime" | "birthtime" | "ctime" | "mtime">;
const TIMES = ["atime", "birthtime", "ctime", "mtime"] as const;

/** A file that is written now is as old as now. */
function dayLater<T extends Times>(info: T): T {
  const moved = { ...info };
  for (const name of TIMES) moved[name] = info[name] && new TrueDate(info[name].getTime() + DAY_MS);
  return moved;
}

function dayEarlier(time: number | Date): Date {
  return new TrueDate((typeof time === "number" ? 1000 * time : time.getTime()) - DAY_MS);
}

const { stat, statSync, lstat, lstatSync, utime, utimeSync } = Deno;
Object.assign(Deno, {
  stat: async (path: string | URL) => dayLater(await stat(path)),
  lstat: async (path: string | URL) => dayLater(await lstat(path)),
  statSync: (path: string | URL) => dayLater(statSync(path)),
  lstatSync: (path: string | URL) => dayLater(lstatSync(path)),
  utime: (path: string | URL, atime: number | Date, mtime: number | Date) =>
    utime(path, dayEarlier(atime), dayEarlier(mtime)),
  utimeSync: (path: string | URL, atime: number | Date, mtime: number | Date) =>
    utimeSync(path, dayEarlier(atime), dayEarlier(mtime)),
});
const file = Deno.FsFile.prototype;
const ofFile = { stat: file.stat, statSync: file.statSync, utime: file.utime, utimeSync: file.utimeSync };
Object.assign(file, {
  async stat(this: Deno.FsFile) {
    return dayLater(await ofFile.stat.call(this));
  },
  statSync(this: Deno.FsFile) {
    return dayLater(ofFile.statSync.call(this));
  },
  utime(this: Deno.FsFile, atime: number | Date, mtime: number | Date) {
    return ofFile.utime.call(this, dayEarlier(atime), dayEarlier(mtime));
  },
  utimeSync(this: Deno.FsFile, atime: number | Date, mtime: number | Date) {
    ofFile.utimeSync.call(this, dayEarlier(atime), dayEarlier(mtime));
  },
});
