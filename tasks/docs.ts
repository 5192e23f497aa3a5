/** `deno task docs`: builds the guide and the description of every exported name as a site to open from disk. @module */
import { dirname, join, resolve } from "@std/path";
import { CliError, createOutput, formatCount, JSON_OPTION, readOptions, runTask } from "./_cli.ts";
import { brokenLinks, buildSite } from "./docs/_site.ts";

const ROOT = resolve(import.meta.dirname!, "..");

const OPTIONS = {
  out: {
    type: "string",
    default: "site",
    hint: "FOLDER",
    help: "Where to write; files of the same name are replaced.",
  },
  json: JSON_OPTION,
} as const;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options } = readOptions(args, OPTIONS, {
      usage: "deno task docs",
      summary:
        "Builds the guide (README's parts) and a page for each room of lib/; asks nothing of the network.",
      examples: ["deno task docs                 # then open site/index.html", "deno task docs --out public"],
    });
    const output = createOutput(options);
    const { files, rooms, names } = await buildSite(ROOT);
    const broken = brokenLinks(files);
    if (broken.length > 0) throw new CliError(`Broken links: ${broken.join(", ")}`);
    for (const [file, content] of files) {
      const path = join(options.out, file);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
    }
    const index = join(options.out, "index.html");
    output.record(
      "docs",
      { index, files: files.size, rooms, names },
      `${formatCount(names)} names of ${rooms} rooms: ${index}`,
    );
    return 0;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
