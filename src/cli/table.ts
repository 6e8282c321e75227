import { styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";
export type Cell = string | { readonly text: string; readonly style: Style };
export type Paint = (style: Style, text: string) => string;

/** Colours on a terminal, unless NO_COLOR is set. */
export function choosePaint(): Paint {
  return process.stdout.isTTY && !process.env["NO_COLOR"] ? styleText : (_, plain) => plain;
}

/** Columns as wide as their widest cell, under a dim heading; the last column is not padded. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[column] ?? "").length)),
  );
  const format = (row: readonly Cell[]): string =>
    row
      .map((cell, column) => {
        const text = textOf(cell);
        const gap = column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - text.length + 2);
        return typeof cell === "string" ? text + gap : paint(cell.style, text) + gap;
      })
      .join("")
      .trimEnd();
  return [head.map((text): Cell => ({ text, style: "dim" })), ...rows].map(format);
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
