/** What a sender's word means by a table of its words; null for one that is not in it. */
export function meaningOf<Meaning>(words: Record<string, Meaning>, word: string | null): Meaning | null {
  return word !== null && Object.hasOwn(words, word) ? words[word]! : null;
}
