import { firstLine, list, textAt } from "./json.ts";

/** What GitHub and GitLab say alike of the commits of a push. */

/** The branch or tag that a full ref names. */
export function refName(ref: string): { kind: "branch" | "tag"; name: string } | null {
  const match = /^refs\/(heads|tags)\/(.+)$/s.exec(ref);
  return match && { kind: match[1] === "heads" ? "branch" : "tag", name: match[2]! };
}

/** A hash of zeros stands for nothing: before a branch was made, after it was deleted. */
export function isNoCommit(hash: string | null): boolean {
  return hash === null || /^0+$/.test(hash);
}

/** The files that a push touched, whatever was done to them. */
export function touchedPaths(commits: unknown): string[] {
  const paths = list(commits).flatMap((commit) =>
    ["added", "modified", "removed"].flatMap((name) => list((commit as Record<string, unknown>)?.[name])),
  );
  return [...new Set(paths.filter((path) => typeof path === "string"))];
}

/** One line a commit, oldest first. */
export function commitList(commits: unknown): string {
  return list(commits)
    .map((commit) => {
      const author = textAt(commit, "author", "name");
      const said = firstLine(textAt(commit, "message")) ?? "(no message)";
      return `${shortHash(textAt(commit, "id"))} ${said}${author === null ? "" : ` (${author})`}`;
    })
    .join("\n");
}

export function shortHash(hash: string | null): string {
  return (hash ?? "").slice(0, 7);
}
