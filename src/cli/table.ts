import { oneLine } from "../lib/printable.js";
import { foldWords } from "./fold.js";
import type { Look, Paint, Style } from "./print.js";

export type Cell = string | { readonly text: string; readonly style: Style };

const gap = 2;
/** Of the further lines of a row that does not fit into one. */
const indent = 4;
/** Narrower than this a text is not folded beside other columns. */
const narrowest = 24;

/** A column in its place: `text` is what is folded, the last one. */
interface Placed {
  readonly column: number;
  readonly width: number;
}

/**
 * Columns as wide as their widest cell, under a dim heading; the last column is not padded. Where that is too wide, columns that say
 * nothing are left out, the last one is folded, and if need be a row has several lines, all but the first indented. Whatever the cells
 * are, none of them can pass for a row of its own.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { paint, width }: Look,
): string[] {
  const texts = [head, ...rows.map((row) => row.map((cell) => oneLine(textOf(cell))))];
  const widest = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const total = widest.reduce((sum, one) => sum + one + gap, -gap);
  const shown = head.flatMap((_, column) =>
    total > width && rows.every((__, row) => isNothing(texts[row + 1]?.[column])) ? [] : [column],
  );
  const lines = place(shown, widest, width);
  const styled = [head.map((text): Cell => ({ text, style: "dim" })), ...rows];
  return styled.flatMap((row, index) => formatRow(row, texts[index] ?? [], lines, width, paint));
}

/** Which columns are in which line. */
function place(
  shown: readonly number[],
  widest: readonly number[],
  width: number,
): readonly (readonly Placed[])[] {
  const lines: Placed[][] = [[]];
  let used = 0;
  for (const column of shown) {
    const natural = widest[column] ?? 0;
    const needed = column === shown.at(-1) ? Math.min(natural, narrowest) : natural;
    if (lines.at(-1)?.length !== 0 && used + needed > width) {
      lines.push([]);
      used = indent;
    }
    lines.at(-1)?.push({ column, width: natural });
    used += natural + gap;
  }
  return lines;
}

function formatRow(
  row: readonly Cell[],
  texts: readonly string[],
  lines: readonly (readonly Placed[])[],
  width: number,
  paint: Paint,
): string[] {
  return lines.flatMap((places, index) => {
    if (index > 0 && places.every(({ column }) => isNothing(texts[column]))) return [];
    let line = index === 0 ? "" : " ".repeat(indent);
    let at = line.length;
    for (const [nth, place] of places.entries()) {
      const text = texts[place.column] ?? "";
      if (nth === places.length - 1) return foldCell(line, at, text, row[place.column], width, paint);
      line += paintCell(text, row[place.column], paint) + " ".repeat(place.width - text.length + gap);
      at += place.width + gap;
    }
    return [];
  });
}

/** The last cell of a line, below itself where it is too long. */
function foldCell(
  line: string,
  at: number,
  text: string,
  cell: Cell | undefined,
  width: number,
  paint: Paint,
): string[] {
  const parts = at + text.length <= width ? [text] : foldWords(text.split(" "), Math.max(1, width - at));
  return parts.map((part, nth) =>
    `${nth === 0 ? line : " ".repeat(at)}${paintCell(part, cell, paint)}`.trimEnd(),
  );
}

function paintCell(text: string, cell: Cell | undefined, paint: Paint): string {
  return typeof cell === "object" && text !== "" ? paint(cell.style, text) : text;
}

function isNothing(text: string | undefined): boolean {
  return text === undefined || text === "" || text === "-";
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
