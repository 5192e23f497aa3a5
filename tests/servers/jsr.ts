/**
 * A package registry that speaks JSR's protocol on the loopback: `deno publish` uploads to it (the very archive that JSR
 * would get, with the imports that publishing rewrites), and `jsr:` imports are answered from what was uploaded.
 * @module
 */
import { join, resolve } from "@std/path";
import { createHash } from "node:crypto";

const ROOT = resolve(import.meta.dirname!, "..", "..");

/** A registry with this tree in it; disposing of it stops it and removes its folders. */
export interface JsrRegistry extends AsyncDisposable {
  /** The environment in which Deno asks this registry and keeps its own cache. */
  env: Readonly<Record<string, string>>;
  /** The package's name and version, as in `jsr:NAME@VERSION`. */
  name: string;
  version: string;
  /** Where the published files lie. */
  folder: string;
  /** What `deno publish` printed. */
  said: string;
}

interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string>;
}

/** Unpacks an uploaded archive. */
async function unpack(archive: ReadableStream<Uint8Array<ArrayBuffer>>, folder: string): Promise<void> {
  const tar = new Deno.Command("tar", { args: ["-xzf", "-", "-C", folder], stdin: "piped" }).spawn();
  await archive.pipeTo(tar.stdin);
  if (!(await tar.status).success) throw new Error("Cannot unpack what was published as a .tar.gz");
}

/** Every file of a folder, by its path with `/` first. */
async function* filesUnder(folder: string, path = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder + path)) {
    if (isDirectory) yield* filesUnder(folder, `${path}/${name}`);
    else yield `${path}/${name}`;
  }
}

/** JSR's list of a version's files, with their checksums, and of its exports. */
async function describe(folder: string, exports: Manifest["exports"]): Promise<unknown> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for await (const path of filesUnder(folder)) {
    const bytes = await Deno.readFile(folder + path);
    const checksum = `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
    manifest[path] = { size: bytes.length, checksum };
  }
  return { manifest, exports };
}

/** The answers of a registry that keeps one package in `folder`. */
function registry(folder: string, { name, version, exports }: Manifest): Deno.ServeHandler {
  let published = false;
  const absent = () => Response.json({ code: "packageVersionNotFound", message: "absent" }, { status: 404 });
  const done = () => Response.json({ id: "1", status: "success", error: null });
  return async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    if (path.startsWith("/api/")) {
      if (request.method === "POST") {
        await unpack(request.body!, folder);
        published = true;
        return done();
      }
      if (path.startsWith("/api/publish_status/")) return done();
      return path.includes("/versions/") ? absent() : Response.json({});
    }
    if (!published || !path.startsWith(`/${name}/`)) return absent();
    const file = path.slice(name.length + 1);
    if (file === "/meta.json") return Response.json({ latest: version, versions: { [version]: {} } });
    if (file === `/${version}_meta.json`) return Response.json(await describe(folder, exports));
    const bytes = await Deno.readFile(folder + file.slice(version.length + 1)).catch(() => undefined);
    return bytes ? new Response(bytes) : absent();
  };
}

/** Deno's cache of packages from npm, so that none is downloaded twice. */
async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

/**
 * Starts a registry and publishes this tree to it, as it lies there.
 *
 * @throws {Error} If `deno publish` fails; with what it wrote.
 */
export async function startJsr(): Promise<JsrRegistry> {
  const folder = await Deno.makeTempDir({ prefix: "cloudchamber-jsr-" });
  const cache = await Deno.makeTempDir({ prefix: "cloudchamber-jsr-cache-" });
  await Deno.symlink(await npmCache(), join(cache, "npm"));
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    registry(folder, manifest),
  );
  const stop = async () => {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(cache, { recursive: true });
  };
  const env = { JSR_URL: `http://127.0.0.1:${server.addr.port}/`, DENO_DIR: cache, NO_COLOR: "1" };
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    // Types are not checked: `deno task check` does that for the whole tree.
    args: ["publish", "--token", "anyone", "--allow-dirty", "--no-provenance", "--no-check"],
    cwd: ROOT,
    env: { JSR_URL: env.JSR_URL, NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success) {
    await stop();
    throw new Error(`Cannot publish to a registry on the loopback: ${said}`);
  }
  return {
    env,
    name: manifest.name,
    version: manifest.version,
    folder,
    said,
    [Symbol.asyncDispose]: stop,
  };
}
