/**
 * Globs for names that are not file paths: `*` is any run of characters (dots and slashes too), `?` is one character,
 * `{a,b}` is either, `\` makes the next character itself. Upper and lower case are the same.
 *
 * There is no regular expression underneath. Titles and labels come from alerts, so a pattern that backtracks could be
 * made to stall the whole process; this one takes at most (length of glob × length of text) steps.
 *
 * Deliberately absent: character classes, negation and nested braces. They are refused rather than taken literally, so
 * that a rule never silently matches something else than its author meant.
 */
export const GLOB_LIMITS = { length: 200, alternatives: 64 } as const;

export type Glob = {
  source: string;
  /** Characters that are not wildcards, of the longest alternative: how much the glob says. */
  literals: number;
  matches(text: string): boolean;
};

export type GlobResult = { glob: Glob } | { problem: string };

const ANY = Symbol("*");
const ONE = Symbol("?");
type Part = string | typeof ANY | typeof ONE;

/** Compiles a glob, or says what is wrong with it and what to write instead. */
export function compileGlob(source: string): GlobResult {
  if (source.trim() === "") return { problem: "a glob can't be empty; write * to match anything" };
  if (source.length > GLOB_LIMITS.length)
    return {
      problem: `a glob may have ${GLOB_LIMITS.length} characters, this one has ${source.length}; use * to shorten it`,
    };
  if (source.startsWith("!"))
    return {
      problem: `"${source}" starts with !, which is not supported; list what should match, or write \\! for the character`,
    };

  const read = readAlternatives(source.toLowerCase());
  if ("problem" in read) return { problem: `"${source}" ${read.problem}` };

  const { alternatives } = read;
  return {
    glob: {
      source,
      literals: Math.max(
        ...alternatives.map((parts) => parts.filter((part) => typeof part === "string").length),
      ),
      matches: (text) => {
        const lower = text.toLowerCase();
        return alternatives.some((parts) => matchesParts(parts, lower));
      },
    },
  };
}

/** Expands the braces: every alternative is one flat list of parts. */
function readAlternatives(source: string): { alternatives: Part[][] } | { problem: string } {
  let done: Part[][] = [[]];
  /** The branches of the brace being read, null outside one. */
  let branches: Part[][] | null = null;

  for (let at = 0; at < source.length; at++) {
    const char = source[at]!;
    if (char === "{") {
      if (branches) return { problem: "has braces inside braces; write every alternative out" };
      branches = [[]];
    } else if (char === "}" && branches) {
      done = done.flatMap((start) => branches!.map((branch) => [...start, ...branch]));
      if (done.length > GLOB_LIMITS.alternatives)
        return {
          problem: `stands for more than ${GLOB_LIMITS.alternatives} patterns; split it into several globs`,
        };
      branches = null;
    } else if (char === "," && branches) {
      branches.push([]);
    } else if (char === "[") {
      return {
        problem:
          "has [, and character classes are not supported; use ? or {a,b}, or write \\[ for the character",
      };
    } else {
      if (char === "\\" && at + 1 === source.length)
        return { problem: "ends in a backslash; write \\\\ for the character, or remove it" };
      const part = readPart(char, source[at + 1]);
      if (char === "\\") at += 1;
      for (const list of branches ? [branches.at(-1)!] : done) list.push(part);
    }
  }
  if (branches) return { problem: "has a { without its }; close it, or write \\{ for the character" };
  return { alternatives: done };
}

function readPart(char: string, next: string | undefined): Part {
  if (char === "\\") return next!;
  if (char === "*") return ANY;
  if (char === "?") return ONE;
  return char;
}

/**
 * Walks both at once. On a mismatch only the latest `*` has to take one character more: whatever an earlier `*` could
 * have taken, the later one can take too.
 */
function matchesParts(parts: Part[], text: string): boolean {
  let part = 0;
  let at = 0;
  let star = -1;
  let starTook = 0;
  while (at < text.length) {
    if (parts[part] === ANY) {
      star = part++;
      starTook = at;
    } else if (part < parts.length && (parts[part] === ONE || parts[part] === text[at])) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      part = star + 1;
      at = ++starTook;
    } else {
      return false;
    }
  }
  while (parts[part] === ANY) part += 1;
  return part === parts.length;
}
