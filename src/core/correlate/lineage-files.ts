import { type LineageAsset, repositoryPath } from "./lineage-document.ts";

type Defined = { assets: LineageAsset[]; nodes: Int32Array };

/** Which files define which assets. Built when first asked, and grown as documents come. */
export type FileIndex = {
  extend(slots: readonly Defined[]): void;
  find(path: string, slots: readonly Defined[], isLive: (slot: number) => boolean): number[];
};

export function fileIndex(): FileIndex {
  const cells = new Map<string, { slot: number; at: number }[]>();
  let indexed = 0;
  return {
    extend(slots) {
      for (; indexed < slots.length; indexed += 1) {
        for (const [at, asset] of slots[indexed]!.assets.entries()) {
          for (const path of asset.paths ?? []) {
            const known = cells.get(path);
            if (known) known.push({ slot: indexed, at });
            else cells.set(path, [{ slot: indexed, at }]);
          }
        }
      }
    },
    /** The whole path, or what is left of it without the first folders; a bare file name says too little. */
    find(path, slots, isLive) {
      const found = new Set<number>();
      const whole = repositoryPath(path);
      for (let rest = whole; rest === whole || rest.includes("/"); rest = rest.slice(rest.indexOf("/") + 1)) {
        for (const { slot, at } of cells.get(rest) ?? []) {
          if (isLive(slot)) found.add(slots[slot]!.nodes[at]!);
        }
        if (!rest.includes("/")) break;
      }
      return [...found];
    },
  };
}
