import { styleText } from "node:util";
import { printable } from "../lib/printable.js";
import { fold } from "./fold.js";

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** How something is shown to whoever reads it. */
export interface Look {
  readonly paint: Paint;
  /** Columns; infinite where no terminal breaks the lines. */
  readonly width: number;
}

/** On a terminal in its width, and with colours unless NO_COLOR is set. */
export function lookOf(stream: NodeJS.WriteStream): Look {
  const coloured = stream.isTTY && !process.env["NO_COLOR"];
  return { paint: coloured ? styleText : (_, plain) => plain, width: widthOf(stream) };
}

/** A painted word in front of a text. */
export interface Mark {
  readonly text: string;
  readonly style: Style;
}

/** A text in lines that none of it can make look like others: all but the first are indented. */
export function paragraph(text: string, { paint, width }: Look, mark?: Mark, indent = ""): readonly string[] {
  const below = `${indent}  `;
  const front = mark === undefined ? indent : `${indent}${mark.text} `;
  const [first = "", ...rest] = printable(text).split("\n");
  const folded = [front + first, ...rest.map((line) => below + line)].flatMap((line) =>
    fold(line, width, below),
  );
  if (mark === undefined) return folded;
  return folded.map((line, index) =>
    index === 0 ? line.replace(mark.text, () => paint(mark.style, mark.text)) : line,
  );
}

/** Lines on stdout. None of the text gets to steer the terminal. */
export function say(text: string): void {
  process.stdout.write(`${show(text, process.stdout)}\n`);
}

/** A message on stderr. */
export function complain(message: string): void {
  process.stderr.write(`${show(`holdfast: ${message}`, process.stderr)}\n`);
}

/** A terminal would break lines anywhere. Those that are indented are there to be copied, and stay whole. */
function show(text: string, stream: NodeJS.WriteStream): string {
  const width = widthOf(stream);
  return printable(text)
    .split("\n")
    .flatMap((line) => (/^\s/.test(line) ? [line] : fold(line, width)))
    .join("\n");
}

/** A terminal that does not tell its width has 0 columns. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY;
}
