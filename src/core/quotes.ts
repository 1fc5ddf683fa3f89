/** What closes each opening quote or backtick. Phones write the curly ones by themselves, as their language has them. */
export const CLOSING_QUOTES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "`": "`",
  "“": "”",
  "„": "“",
  "‘": "’",
  "«": "»",
  "”": "”",
};
