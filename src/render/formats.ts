/** The files that a postmortem is given as. */
export const POSTMORTEM_FORMATS = ["md", "html", "json", "csv"] as const;
export type PostmortemFormat = (typeof POSTMORTEM_FORMATS)[number];
