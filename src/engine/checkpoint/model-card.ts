import { readTextFile } from '../formats/checked-json.ts'

/** Metadata from a model card's front matter. */
export interface ModelCard {
  readonly licence?: string
  readonly licenceName?: string
  readonly licenceLink?: string
  readonly tags: readonly string[]
  readonly languages: readonly string[]
}

/**
 * Reads the front matter of a checkpoint's README.md. Supports only the YAML syntax that model cards use for these fields:
 * `key: text`, `key: [a, b]` and a list of `- item` lines. A card that cannot be parsed gives no fields; it never fails an import.
 */
export async function readModelCard(directory: string): Promise<ModelCard> {
  return parseModelCard((await readTextFile(directory, 'README.md', { huggingFaceCache: true })) ?? '')
}

/** Parses the front matter of a README.md; see {@link readModelCard} for the supported syntax. */
export function parseModelCard(text: string): ModelCard {
  const fields = frontMatter(text)
  const one = (key: string) => {
    const values = fields.get(key) ?? []
    return values.length === 0 ? undefined : values.join(',')
  }
  const many = (...keys: string[]) => keys.flatMap((key) => fields.get(key) ?? [])
  const licence = one('license')
  const licenceName = one('license_name')
  const licenceLink = one('license_link')
  return {
    ...(licence !== undefined && { licence }),
    ...(licenceName !== undefined && { licenceName }),
    ...(licenceLink !== undefined && { licenceLink }),
    tags: many('tags', 'pipeline_tag'),
    languages: many('languages', 'language'),
  }
}

function frontMatter(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  const lines = text.split(/\r\n|\r|\n/)
  if (lines[0] !== '---') return fields
  let values: string[] = []
  for (const line of lines.slice(1)) {
    if (line === '---') return fields
    const field = /^([\w.-]+):(?:\s+(.*))?$/.exec(line)
    const item = /^\s*-\s+(.+)$/.exec(line)
    if (field) {
      values = inlineValues((field[2] ?? '').trim())
      fields.set(field[1] ?? '', values)
    } else if (item) values.push(plain(item[1] ?? ''))
  }
  // Unterminated: the first line is a horizontal rule, not front matter.
  return new Map()
}

function inlineValues(text: string): string[] {
  if (text === '' || text.startsWith('#')) return []
  if (!text.startsWith('[')) return [plain(text)]
  return text
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map(plain)
    .filter((value) => value !== '')
}

/** Removes quotes and comments. */
function plain(text: string): string {
  const trimmed = text.trim()
  const quoted = /^(["'])(.*?)\1/.exec(trimmed)
  return quoted ? (quoted[2] ?? '') : trimmed.replace(/\s+#.*$/, '')
}
