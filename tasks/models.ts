/**
 * `deno task models`: the versions in a store, what their aliases mean, and keeping it tidy.
 * @module
 */
import { kindOf } from "../lib/card/outputs/registry.ts";
import type { Store } from "../lib/store/store.ts";
import { CliError, createOutput, JSON_OPTION, type Output, readOptions, runTask } from "./_cli.ts";
import { openPlace } from "./_stores.ts";

const OPTIONS = {
  store: {
    type: "string",
    default: "file:store",
    hint: "PLACE",
    help: "Models: file:FOLDER or s3://BUCKET/PREFIX",
  },
  remove: { type: "boolean", default: false, help: "With alias: take it away" },
  olderThan: {
    type: "number",
    default: 24,
    min: 0,
    hint: "HOURS",
    help: "With prune: leave what is younger, as it may be on its way still",
  },
  s3Endpoint: { type: "string", hint: "URL", help: "S3 server, if not AWS; else AWS_ENDPOINT_URL_S3 counts" },
  json: JSON_OPTION,
} as const;

/** What a command works with. */
interface Work {
  store: Store;
  output: Output;
  words: readonly string[];
  remove: boolean;
  olderThanHours: number;
}

/** A command: the words that it takes, and what it does; gives the exit code. */
interface Command {
  usage: string;
  words: readonly [min: number, max: number];
  run(work: Work): Promise<number>;
}

/** `NAME/VERSION` as its parts; "latest" where no version is said. */
function partsOf(reference: string): [name: string, version: string] {
  const [name, version = "latest", ...rest] = reference.split("/");
  if (rest.length > 0 || name === "" || version === "") {
    throw new CliError(`"${reference}" is not NAME/VERSION`);
  }
  return [name, version];
}

async function list({ store, output }: Work): Promise<number> {
  const models = await store.list();
  const rows = models.map(({ name, versions, aliases, aliasProblem }) => ({
    model: name,
    versions: versions.join(" "),
    latest: versions.at(-1),
    aliases: aliasProblem ??
      Object.entries(aliases).map(([alias, version]) => `${alias}=${version}`).join(" "),
  }));
  if (rows.length === 0) output.say(`There are no models in ${store.location}`);
  output.table("model", rows);
  return models.some(({ aliasProblem }) => aliasProblem !== undefined) ? 1 : 0;
}

async function show({ store, output, words }: Work): Promise<number> {
  const [name, version] = partsOf(words[0]);
  const card = await store.card(name, version);
  const aliases = await store.aliases(name), history = await store.aliasHistory(name);
  if (output.json) {
    output.record("card", { card, aliases, history }, "");
    return 0;
  }
  const named = Object.entries(aliases).filter(([, means]) => means === card.version).map(([alias]) => alias);
  output.say(`${card.name} version ${card.version}${named.length > 0 ? ` (${named.join(", ")})` : ""}`);
  output.say(`${card.description || card.experiment}, made ${card.created}`);
  for (const { name, shape, units } of card.inputs) {
    output.say(`takes  ${name} [${shape}] ${units}`.trimEnd());
  }
  for (const out of card.outputs) output.say(`gives  ${out.name} ${out.kind} ${kindOf(out).shapes(out)}`);
  output.table(
    "metric",
    Object.entries(card.metrics).map(([metric, { value, low, high, n, split }]) => ({
      metric,
      value,
      from: low,
      to: high,
      n,
      split,
    })),
  );
  output.table(
    "file",
    Object.entries(card.files).map(([file, { bytes, sha256 }]) => ({ file, bytes, sha256 })),
  );
  output.table(
    "change",
    history.map(({ time, alias, version }) => ({ time, alias, version: version ?? "taken away" })),
  );
  return 0;
}

async function alias({ store, output, words, remove }: Work): Promise<number> {
  const [name, version] = partsOf(words[0]), [, chosen] = words;
  if (remove) {
    await store.removeAlias(name, chosen);
    output.record("alias", { model: name, alias: chosen }, `${name} has no alias ${chosen} now`);
    return 0;
  }
  const means = await store.setAlias(name, chosen, version);
  output.record(
    "alias",
    { model: name, alias: chosen, version: means },
    `${name}@${chosen} means version ${means} now`,
  );
  return 0;
}

async function rollBack({ store, output, words: [name, chosen] }: Work): Promise<number> {
  const version = await store.rollBack(name, chosen);
  output.record(
    "alias",
    { model: name, alias: chosen, version },
    `${name}@${chosen} means version ${version} again`,
  );
  return 0;
}

async function remove({ store, output, words: [reference] }: Work): Promise<number> {
  const [name, version] = partsOf(reference);
  if (!/^[1-9][0-9]*$/.test(version)) {
    throw new CliError(`Which version is deleted must be said by its number: ${name}/3`);
  }
  await store.remove(name, version);
  output.record(
    "deleted",
    { model: name, version },
    `${name} version ${version} is deleted; its number is not used again`,
  );
  return 0;
}

async function prune({ store, output, olderThanHours }: Work): Promise<number> {
  const deleted = await store.prune(new Date(Date.now() - olderThanHours * 3_600_000));
  for (const key of deleted) output.record("pruned", { key }, `deleted ${key}`);
  output.record(
    "pruned",
    { count: deleted.length },
    `${deleted.length} files of unfinished versions deleted`,
  );
  return 0;
}

/** The versions that words mean: all, those of a model, or one. */
async function versionsOf(store: Store, reference?: string): Promise<[name: string, version: string][]> {
  if (reference === undefined) {
    return (await store.list()).flatMap(({ name, versions }) =>
      versions.map((v): [string, string] => [name, v])
    );
  }
  const [name, version] = partsOf(reference);
  if (reference.includes("/")) return [[name, await store.resolve(name, version)]];
  await store.resolve(name); // says so if there is no such model
  return (await store.versions(name)).map((version) => [name, version]);
}

async function verify({ store, output, words: [reference] }: Work): Promise<number> {
  let failed = 0;
  for (const [model, version] of await versionsOf(store, reference)) {
    try {
      const { files } = await store.fetch(model, version);
      const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
      output.record(
        "verified",
        { model, version, ok: true, files: files.size, bytes },
        `ok      ${model}/${version}`,
      );
    } catch (error) {
      failed++;
      const reason = (error as Error).message;
      output.record(
        "verified",
        { model, version, ok: false, reason },
        `DAMAGED ${model}/${version}: ${reason}`,
      );
    }
  }
  return failed > 0 ? 1 : 0;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  list: { usage: "list", words: [0, 0], run: list },
  show: { usage: "show NAME[/VERSION]", words: [1, 1], run: show },
  alias: { usage: "alias NAME[/VERSION] ALIAS [--remove]", words: [2, 2], run: alias },
  rollback: { usage: "rollback NAME ALIAS", words: [2, 2], run: rollBack },
  delete: { usage: "delete NAME/VERSION", words: [1, 1], run: remove },
  prune: { usage: "prune [--older-than HOURS]", words: [0, 0], run: prune },
  verify: { usage: "verify [NAME[/VERSION]]", words: [0, 1], run: verify },
};

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const usages = Object.values(COMMANDS).map(({ usage }) => `  ${usage}`).join("\n");
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task models [COMMAND]",
      summary:
        `Looks after the models of a store. A version is a number or an alias, the newest if not given. Commands:\n${usages}`,
      examples: [
        "deno task models                                  # what there is",
        "deno task models show cygno/champion",
        "deno task models alias cygno/7 champion",
        "deno task models rollback cygno champion          # what it meant before",
        "deno task models verify --store s3://models       # every checksum of every version",
      ],
      words: [0, 3],
    });
    const [name = "list", ...rest] = words;
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) {
      throw new CliError(`There is no command "${name}": there are ${Object.keys(COMMANDS).join(", ")}`);
    }
    const [min, max] = command.words;
    if (rest.length < min || rest.length > max) {
      throw new CliError(`Usage is deno task models ${command.usage}`);
    }
    const store = openPlace(options.store, options.s3Endpoint);
    try {
      const { remove, olderThan } = options;
      return await command.run({
        store,
        output: createOutput(options),
        words: rest,
        remove,
        olderThanHours: olderThan,
      });
    } finally {
      store.close();
    }
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
