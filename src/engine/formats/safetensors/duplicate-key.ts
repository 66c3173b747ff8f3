/**
 * The first key that one object of a JSON text holds twice, or null. `JSON.parse` keeps the last of them without a word,
 * so two readers of one file may see two different tensors. The text must have been parsed without error before.
 */
export function duplicateKey(json: string): string | null {
  /** One entry an open bracket: the keys of an object, null for an array. */
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

/** The index after the closing quote of the string that starts at `start` of a JSON text. */
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
