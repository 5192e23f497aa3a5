/** Tables as text: comma, semicolon or tab between cells, quotes as RFC 4180 has them. @module */

/** A table. */
export interface Table {
  columns: string[];
  /** As many cells each as there are columns. */
  rows: string[][];
}

/** Cells of a text, line by line; empty lines are left out. */
function cellsOf(text: string, separator: string, name: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [], cell = "", isQuoted = false;
  const endRow = () => {
    row.push(cell.trim());
    if (row.length > 1 || row[0] !== "") rows.push(row);
    [row, cell] = [[], ""];
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (letter === '"' && cell.trim() === "") {
      isQuoted = true;
    } else if (letter === separator) {
      row.push(cell.trim());
      cell = "";
    } else if (letter === "\n") {
      endRow();
    } else {
      cell += letter;
    }
  }
  if (isQuoted) throw new SyntaxError(`Cannot read table "${name}": a quoted cell has no end`);
  endRow();
  return rows;
}

/** What stands between the cells of a header. A semicolon may also stand between the labels of one cell. */
function separatorOf(header: string): string {
  if (header.includes(",")) return ",";
  return header.includes("\t") ? "\t" : ";";
}

/**
 * Reads a table whose first line names its columns.
 *
 * @param name The file's, for messages.
 * @throws {SyntaxError} If it has no row, or rows of different lengths; the row is named.
 * @example
 * ```ts
 * parseTable("file,label\na.png,cat\n", "labels.csv").rows[0]; // "a.png", "cat"
 * ```
 */
export function parseTable(text: string, name: string): Table {
  const plain = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  const separator = separatorOf(plain.split("\n", 1)[0]);
  const [columns, ...rows] = cellsOf(plain, separator, name);
  if (!columns || rows.length === 0) throw new SyntaxError(`Cannot read table "${name}" as it has no rows`);
  const wrong = rows.findIndex((row) => row.length !== columns.length);
  if (wrong >= 0) {
    throw new SyntaxError(
      `Cannot read table "${name}" at row ${wrong + 2}: expected ${columns.length} cells, ` +
        `found ${rows[wrong].length}`,
    );
  }
  return { columns, rows };
}
