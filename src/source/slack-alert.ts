import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import type { SlackMessage } from "./slack-message.ts";
import type { SlackLink } from "./slack-text.ts";

/** One alert as it is found in a message that a known tool wrote. */
export type ToolAlert = {
  /** Null for a message of nobody in particular. */
  tool: string | null;
  /** What is broken, within the tool. */
  subject: string;
  status: AlertSignal["status"];
  severity: AlertSeverity;
  title: string;
  description?: string | null;
  assets?: (Asset | null)[];
  labels?: Record<string, unknown>;
  links?: SlackLink[];
  at?: string | null;
  warnings?: string[];
};

/** The value of the first fact of one of these names. */
export function fact(message: SlackMessage, ...names: string[]): string | null {
  for (const name of names) {
    const value = message.facts.find(([each]) => each === name)?.[1];
    if (value !== undefined && !/^(N\/A|None|No (tags|owners|subscribers|column|description))$/i.test(value))
      return value;
  }
  return null;
}
