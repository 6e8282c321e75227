// Holds the imports of a checkout to rooms.mjs. Prints what breaks the rules, and fails if anything does.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { behindTheirRoom, packages, rooms } from "./rooms.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
/** A line of a comment: an example in it is no import. */
const COMMENT = /^[ \t]*(?:\/\/|\/?\*).*$/gm;
/** The end of what stands before the name of a module. */
const IMPORTING = /(?:\bfrom|\bimport|\bimport\(|\brequire\(|\bcreateRequire\([^()]*\)\()\s*$/;
const TYPES_ONLY = /(?:^|\n)(?:import|export) type\b[^;"'`]*$/;

function listCode(folder) {
  if (!existsSync(join(TOP, folder))) return [];
  return readdirSync(join(TOP, folder), { recursive: true })
    .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    .map((file) => posix.join(folder, file))
    .sort();
}

/**
 * All that `file` imports, statically or not. With `anywhere`, a string that is the path of a module or names a built-in
 * one counts whatever stands before it.
 */
function findImports(file, anywhere) {
  const text = readFileSync(join(TOP, file), "utf8").replaceAll(COMMENT, "");
  const found = [];
  for (const { 1: name, index } of text.matchAll(/["'`]([^"'`\s\\]+)(?=["'`])/g)) {
    const before = text.slice(0, index);
    const isModule = anywhere && /^(?:\.\.?\/.*\.[cm]?js$|node:.)/.test(name);
    if (!isModule && !IMPORTING.test(before.slice(-200))) continue;
    found.push({ name, line: before.split("\n").length, types: TYPES_ONLY.test(before.slice(-2000)) });
  }
  for (const { index } of anywhere ? text.matchAll(/\bimport\((?!\s*["'])/g) : []) {
    found.push({ name: undefined, line: text.slice(0, index).split("\n").length, types: false });
  }
  return found;
}

const isBelow = (path, folder) => folder === "*" || path === folder || path.startsWith(`${folder}/`);

function roomOf(path) {
  const holds = (room) => isBelow(path, room) || (rooms[room].files ?? []).includes(path);
  return Object.keys(rooms)
    .filter(holds)
    .sort((a, b) => b.length - a.length)[0];
}

function packageOf(name) {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

/** Why a file of `room` may not import that; undefined when it may. `path` is the file's own, below src. */
function findObstacle(room, path, { name, types }) {
  const { may, not = [], types: typesOf = [], node } = rooms[room];
  if (name === undefined) return "a module that is named only when it runs: nobody can tell its room";
  if (isBuiltin(name)) {
    const module = name.replace(/^node:/, "");
    if (node === undefined || node.includes(module)) return undefined;
    return `${name}: of Node's modules ${room} may import ${node.join(", ") || "none"}`;
  }
  if (!name.startsWith(".")) {
    const allowed = packages[packageOf(name)] ?? [];
    if (allowed.some((one) => isBelow(room, one))) return undefined;
    return `${name}: only ${allowed.join(", ") || "no room"} may import this package`;
  }
  const target = posix.join(dirname(path), name.replace(/\.([cm]?)js$/, ".$1ts"));
  const to = target.startsWith("../") ? undefined : roomOf(target);
  const reaches = (list) => list.some((one) => isBelow(to, one));
  if (to !== undefined) {
    if (reaches([room]) || (reaches(may) && !reaches(not)) || (types && reaches(typesOf))) return undefined;
    if (reaches(typesOf)) return `${name}: ${room} may import only types of ${to}`;
  }
  const all = not.length === 0 ? may.join(", ") : `all but ${not.join(", ")}`;
  return `${name}: ${room} may import ${all || "no other room"}`;
}

const broken = [];
for (const file of listCode("src")) {
  const path = posix.relative("src", file);
  const room = roomOf(path);
  if (room === undefined) broken.push(`${file}:1: is in no room`);
  else {
    for (const found of findImports(file, true)) {
      const obstacle = findObstacle(room, path, found);
      if (obstacle !== undefined) broken.push(`${file}:${found.line}: imports ${obstacle}`);
    }
  }
}
for (const file of ["test", "scripts"].flatMap(listCode)) {
  for (const { name, line } of findImports(file, false)) {
    if (behindTheirRoom.includes(packageOf(name)))
      broken.push(`${file}:${line}: imports ${name}: only src/${packages[packageOf(name)]} does`);
  }
}
if (broken.length > 0) {
  console.error(
    `${broken.join("\n")}\n✖ imports: ${broken.length} (scripts/rooms.mjs says who may import whom)`,
  );
  process.exitCode = 1;
}
