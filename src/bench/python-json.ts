/** A string, or one of the numbers that Python's `json` writes although JSON does not have them. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/g

/**
 * Parses JSON as Python's `json` does: also `NaN`, `Infinity` and `-Infinity`, which tables with missing values contain; all three become null.
 * Throws as `JSON.parse` does.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const replaced = text.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : 'null'))
    if (replaced === text) throw error
    return JSON.parse(replaced)
  }
}
