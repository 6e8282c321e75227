/** Where winston puts a line's text: https://github.com/winstonjs/triple-beam */
export const formatted: unique symbol = Symbol.for("message");

export interface Line {
  readonly [formatted]?: unknown;
}
