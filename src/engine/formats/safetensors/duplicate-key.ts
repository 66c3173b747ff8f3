/**
 * Returns the first duplicate key of an object in a JSON text, or null. `JSON.parse` silently keeps the last value, so two readers of the
 * same file could see different tensors. The text must be valid JSON.
 */
export function duplicateKey(json: string): string | null {
  /** One entry per open bracket: the keys of an object, null for an array. */
  const open: (Set<string> | null)[] = []
  let at = 0
  while (at < json.length) {
    const character = json[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(null)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(json, at)
      const keys = open.at(-1)
      if (keys && isKey(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string
        if (keys.has(key)) return key
        keys.add(key)
      }
      at = end
      continue
    }
    at++
  }
  return null
}

/** Index after the closing quote of the string that starts at `start`. */
export function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function isKey(json: string, afterString: number): boolean {
  let at = afterString
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++
  return json[at] === ':'
}
