import { z } from "zod";

/** A person as the log keeps them: the name as it was then, and the Slack id where they have one. Never a stand-in. */
export const Person = z.object({ id: z.string().nullable(), name: z.string().min(1) });
export type Person = z.infer<typeof Person>;

/** Who did it: a person, a source (by its name), or Breakwater itself (the clock). */
export const Actor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("person"), ...Person.shape }),
  z.object({ kind: z.literal("source"), name: z.string().min(1) }),
  z.object({ kind: z.literal("system") }),
]);
export type Actor = z.infer<typeof Actor>;

/** Through which door it came. */
export const VIAS = [
  "alert",
  "slash",
  "mention",
  "button",
  "modal",
  "shortcut",
  "emoji",
  "api",
  "cli",
  "clock",
] as const;
export const Via = z.enum(VIAS);
export type Via = z.infer<typeof Via>;

export function actorName(actor: Actor): string {
  return actor.kind === "system" ? "Breakwater" : actor.name;
}
