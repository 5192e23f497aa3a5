/** What the rooms of lib/ export, with its comments and its declarations as the source has them. @module */
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { CliError } from "../_cli.ts";

/** One tag of a comment, as `deno doc --json` gives it. */
export interface Tag {
  kind: string;
  name?: string;
  doc?: string;
  type?: string;
}

/** A comment. */
export interface Comment {
  doc: string;
  tags: Tag[];
}

/** A method or property of a class. */
export interface Member {
  declaration: string;
  comment: Comment;
}

/** One exported name. */
export interface Entry {
  name: string;
  kind: string;
  /** File of lib/ in which it is declared, and the line. */
  file: string;
  line: number;
  /** Source text without bodies; overloads one after the other. */
  declaration: string;
  comment: Comment;
  members: Member[];
}

interface Place {
  filename: string;
  /** Counted from 0. */
  line: number;
}

interface Declared {
  location: Place;
  jsDoc?: { doc?: string; tags?: (Tag & { tsType?: { repr: string } })[] };
}

interface ClassMember extends Declared {
  name: string;
  accessibility?: string;
}

interface Declaration extends Declared {
  kind: string;
  def?: { methods?: ClassMember[]; properties?: ClassMember[]; constructors?: ClassMember[] };
}

interface Documented {
  nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

/** Runs `deno doc --json`; paths are below `root`. @throws {CliError} If Deno cannot read a module. */
async function documentation(root: string, modules: readonly string[]): Promise<Documented> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: ["doc", "--json", ...modules],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new CliError(`deno doc failed: ${text(stderr).trim()}`);
  return JSON.parse(text(stdout));
}

/** Source files, parsed once each. */
class Sources {
  readonly #files = new Map<string, ts.SourceFile>();

  #file(address: string): ts.SourceFile {
    let file = this.#files.get(address);
    if (!file) {
      const text = Deno.readTextFileSync(new URL(address));
      file = ts.createSourceFile(address, text, ts.ScriptTarget.Latest, true);
      this.#files.set(address, file);
    }
    return file;
  }

  /** The source of what is declared at a place, without the body of a function or a class and without values. */
  declaration({ filename, line }: Place): string {
    const file = this.#file(filename), { text } = file;
    const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
    const holds = (node: ts.Node) => lineOf(node.getStart()) <= line && line <= lineOf(node.end);
    const statement = file.statements.find(holds);
    if (!statement) return "";
    const member = ts.isClassDeclaration(statement) && lineOf(statement.getStart()) !== line
      ? statement.members.find(holds)
      : undefined;
    const node = member ?? statement;
    return text.slice(node.getStart(), endOf(node, text)).trim().replace(/;$/, "");
  }
}

/** Where a declaration ends and its body or value begins. */
function endOf(node: ts.Node, text: string): number {
  if (ts.isClassDeclaration(node)) return text.indexOf("{", node.heritageClauses?.end ?? node.name!.end);
  if (ts.isVariableStatement(node)) {
    const [{ name, type }] = node.declarationList.declarations;
    return (type ?? name).end;
  }
  if (ts.isPropertyDeclaration(node)) return (node.type ?? node.name).end;
  const { body } = node as ts.FunctionDeclaration;
  return body ? body.getStart() : node.end;
}

function commentOf({ jsDoc = {} }: Declared): Comment {
  const { doc = "", tags = [] } = jsDoc;
  return { doc, tags: tags.map(({ tsType, ...tag }) => ({ ...tag, type: tsType?.repr })) };
}

function membersOf({ def = {} }: Declaration, sources: Sources): Member[] {
  const { constructors = [], properties = [], methods = [] } = def;
  return [...constructors, ...properties, ...methods]
    .filter(({ name, accessibility }) => accessibility !== "private" && name !== "name")
    .map((member) => ({ declaration: sources.declaration(member.location), comment: commentOf(member) }));
}

/**
 * The exported names of modules, by module, in order of their names.
 *
 * @param root The checkout.
 * @param modules Paths below it.
 * @throws {CliError} If Deno cannot read a module.
 */
export async function readEntries(
  root: string,
  modules: readonly string[],
): Promise<Map<string, Entry[]>> {
  const { nodes } = await documentation(root, modules);
  const sources = new Sources(), base = pathToFileURL(`${root}/`).href;
  return new Map(modules.map((module) => {
    const { symbols } = nodes[pathToFileURL(join(root, module)).href];
    const entries = symbols.flatMap(({ name, declarations }): Entry[] => {
      const [first] = declarations;
      // Packages describe their own names; a reference is described where it leads.
      if (!first.location.filename.startsWith(base) || first.location.filename.includes("/node_modules/")) {
        return [];
      }
      if (first.kind === "reference") return [];
      const documented = declarations.find(({ jsDoc }) => jsDoc?.doc) ?? first;
      return [{
        name,
        kind: first.kind,
        file: first.location.filename.slice(base.length),
        line: first.location.line + 1,
        declaration: declarations.map(({ location }) => sources.declaration(location)).join(
          "\n\n",
        ),
        comment: commentOf(documented),
        members: first.kind === "class" ? membersOf(first, sources) : [],
      }];
    });
    return [module, entries.toSorted((a, b) => a.name.localeCompare(b.name, "en"))];
  }));
}

/** The comment of a module: what stands at the top of its file. */
export function moduleComment(text: string): string {
  const [, body = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  return body.replaceAll(/^\s*\* ?/gm, "").replace(/@module[\s\S]*$/, "").trim();
}
