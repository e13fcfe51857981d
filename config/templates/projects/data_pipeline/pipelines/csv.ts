// Owns tables as comma-separated text: quoted fields, doubled quotes, either kind of line end.

/** A line of a table by the names of its columns. */
export type Row = Record<string, string>;

/** The rows of a text whose first line names the columns; every line must have as many fields as the first. */
export function parseCsv(text: string): Row[] {
  const [header = [], ...lines] = fieldsOf(text.replace(/^\uFEFF/, ''));
  return lines.map((fields, index) => {
    if (fields.length !== header.length) {
      throw new Error(
        `line ${index + 2} has ${fields.length} fields, and the header ${header.length}; correct the file`,
      );
    }
    return Object.fromEntries(header.map((column, at) => [column, fields[at] ?? '']));
  });
}

/** The text of a table with the columns in the order given. */
export function formatCsv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  return lines.map((fields) => `${fields.map(quote).join(',')}\n`).join('');
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function fieldsOf(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  // One match a field: quoted or plain, with what ends it.
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    const [whole, quoted, plain = '', end] = match;
    if (whole === '' && line.length === 0) break;
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}
