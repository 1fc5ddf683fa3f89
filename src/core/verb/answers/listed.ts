import type { Block, Text } from "../../report/document.ts";

/** A list under its heading; nothing where it would be empty. */
export function listed(title: string, items: Text[]): Block[] {
  return items.length === 0
    ? []
    : [
        { type: "heading", level: 3, text: title },
        { type: "list", items },
      ];
}
