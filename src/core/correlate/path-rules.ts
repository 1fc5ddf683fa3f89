import { z } from "zod";
import { compileGlob } from "../runbook/glob.ts";
import { parseAssetId } from "../signal/dataset.ts";

const GlobText = z.string("write a glob, such as models/orders/*").superRefine((source, context) => {
  const compiled = compileGlob(source);
  if ("problem" in compiled) context.addIssue({ code: "custom", message: compiled.problem });
});

const AssetText = z
  .string("write an asset as namespace/name")
  .refine((written) => parseAssetId(written) !== null, {
    message: "write an asset as namespace/name, such as snowflake://acme/analytics.core.orders",
  });

/** `changes` of breakwater.yaml: files whose change concerns assets, though no lineage says so (see touched.ts). */
export const PathRules = z
  .array(
    z.strictObject({
      repository: GlobText.optional(),
      paths: z.array(GlobText, "write a list of globs").min(1, "is empty; write ** for all files"),
      assets: z
        .array(AssetText, "write a list of assets")
        .min(1, "is empty; write which assets they concern"),
    }),
    "write a list of rules, each starting with a dash",
  )
  .default([]);
