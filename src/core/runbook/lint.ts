import type { RunbookProblem } from "./front-matter.ts";
import { place, walk } from "./markdown.ts";
import { slugOf } from "./outline.ts";
import { type ParsedRunbook, parseRunbookWithPlaces, type StepPlace } from "./parse.ts";
import { findTokens, kindOf, settingsOf, VARIABLES } from "./variables.ts";

/** A Slack section takes 3,000 characters; the rest is for what the variables become. */
export const STEP_BODY_LIMIT = 2800;
/** A Slack header block takes 150 characters. */
export const TITLE_LIMIT = 150;

export type LintProblem = { file: string; line: number; message: string };

/** Everything that would make a runbook unusable, misleading or too large in Slack. Each message says what to do. */
export function lintRunbooks(files: { path: string; text: string }[]): LintProblem[] {
  const firstPath = new Map<string, string>();
  return files.flatMap(({ path, text }) => {
    const slug = slugOf(path);
    const earlier = firstPath.get(slug);
    if (!earlier) firstPath.set(slug, path);
    const twice = earlier
      ? [
          {
            line: 1,
            message: `The runbook "${slug}" exists already, in ${earlier}. Rename one of the files.`,
          },
        ]
      : [];
    return [...twice, ...lintRunbook(slug, text)]
      .sort((a, b) => a.line - b.line)
      .map(({ line, message }) => ({ file: path, line, message }));
  });
}

function lintRunbook(slug: string, text: string): RunbookProblem[] {
  const parsed = parseRunbookWithPlaces(slug, text);
  return [
    ...parsed.problems,
    ...checkTitles(parsed),
    ...parsed.steps.flatMap(checkStep),
    ...checkNodes(parsed),
    ...checkVariables(parsed),
    ...checkMentions(parsed.body),
  ];
}

function checkTitles({ runbook, steps }: ParsedRunbook): RunbookProblem[] {
  const problems: RunbookProblem[] = [];
  if (runbook && runbook.title.length > TITLE_LIMIT)
    problems.push({
      line: 1,
      message: `The title has ${runbook.title.length} characters, Slack shows ${TITLE_LIMIT}. Shorten it.`,
    });

  const firstLine = new Map<string, number>();
  for (const step of steps) {
    const words = step.title.toLowerCase();
    const earlier = firstLine.get(words);
    if (earlier === undefined) firstLine.set(words, step.line);
    else
      problems.push({
        line: step.line,
        message: `The step "${step.title}" has the same title as the one on line ${earlier}. Say what is different about it.`,
      });
  }
  return problems;
}

function checkStep(step: StepPlace): RunbookProblem[] {
  const problems: RunbookProblem[] = [];
  const add = (message: string) => problems.push({ line: step.line, message });
  if (step.title === "") add("The step has no title. Write what to do after the ##.");
  if (step.title.length > TITLE_LIMIT)
    add(
      `The step's title has ${step.title.length} characters, Slack shows ${TITLE_LIMIT}. Move the details below it.`,
    );
  if (findTokens(step.title).length > 0)
    add(
      `The step's title has a variable. Statistics compare a step over incidents by its title: move the variable below it.`,
    );
  if (step.body === "")
    add(`The step "${step.title}" says nothing. Write how to do it, or remove the heading.`);
  if (step.body.length > STEP_BODY_LIMIT)
    add(
      `The step "${step.title}" has ${step.body.length} characters, one Slack message takes ${STEP_BODY_LIMIT}. Split it into two steps, or move reading matter under a # heading after the steps.`,
    );
  return problems;
}

function checkNodes({ root, body }: ParsedRunbook): RunbookProblem[] {
  const problems: RunbookProblem[] = [];
  for (const { node } of walk(root)) {
    const where = place(node);
    if (!where) continue;
    const { line } = where;
    if (node.type === "code" && isUnclosed(body.slice(where.start, where.end)))
      problems.push({
        line,
        message:
          "The code block that starts here has no end. Add a line with the same fence after its last line.",
      });
    if (node.type === "html" && !MENTION.test(node.value))
      problems.push({
        line,
        message: "HTML is not shown in Slack. Put it in `backticks`, or write < as \\<.",
      });
    if (node.type === "definition" || node.type === "footnoteDefinition")
      problems.push({
        line,
        message:
          "A step is shown on its own, without what stands elsewhere in the file. Write the link or note in place, as [words](https://…).",
      });
  }
  return problems;
}

/** An indented block has no fence. A fence is closed by a line of at least as many of the same character. */
function isUnclosed(source: string): boolean {
  const fence = /^(`{3,}|~{3,})/.exec(source)?.[1];
  if (!fence) return false;
  const last = source
    .slice(source.indexOf("\n") + 1)
    .split("\n")
    .at(-1)!;
  const closing = last.replace(/^[\s>]*/, "").trimEnd();
  return (
    !source.includes("\n") || closing.length < fence.length || closing !== fence[0]!.repeat(closing.length)
  );
}

function checkVariables({ body }: ParsedRunbook): RunbookProblem[] {
  const known = Object.keys(VARIABLES).join(", ");
  return settingsOf(body).flatMap(({ token, setting }) => {
    const line = lineOf(body, token.start);
    const written = `{{ ${token.name} }}`;
    if (!token.known) return [{ line, message: `${written} is not a variable. Known variables: ${known}.` }];
    if (setting === "code" && kindOf(token.name) === "words")
      return [
        {
          line,
          message: `${written} is free text from an alert, and code gets pasted. Move it out of the code.`,
        },
      ];
    if (setting === "host")
      return [
        {
          line,
          message: `${written} would let an alert choose where this link leads. Write the host out, or use {{ run_url }} on its own: it is shown as a link.`,
        },
      ];
    return [];
  });
}

const MENTION = /<!(?:channel|here|everyone|subteam\^)|<@[UW]/i;

function checkMentions(body: string): RunbookProblem[] {
  return body.split("\n").flatMap((text, index) => {
    const mention = MENTION.exec(text)?.[0];
    if (!mention) return [];
    return [
      {
        line: index + 1,
        message: `"${mention}" would ping people each time the step is shown. Write who to ask in words, such as "the platform team".`,
      },
    ];
  });
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
