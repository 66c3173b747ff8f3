/**
 * Marks a text that becomes a part of a sentence, such as "while generating an answer", for the catalogues of languages. Whole sentences of the sources are collected without
 * it. Returns the text as it is.
 */
export function phrase(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((text, part, index) => `${text}${values[index - 1] ?? ''}${part}`)
}
