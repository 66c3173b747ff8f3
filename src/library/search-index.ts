import { UNSPACED_LETTER } from '../shared/unspaced-scripts.ts'

/** Between parts of an indexed text that are found by themselves. It cannot be typed, and excerpts are shown without it. */
const SEPARATOR = '\u0001'

const hasUnspaced = new RegExp(UNSPACED_LETTER, 'u')
/** Every place in a run of letters beside such a letter with its marks. */
const beside = new RegExp(String.raw`(?<=${UNSPACED_LETTER}\p{M}*)(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}\p{M}])(?=${UNSPACED_LETTER})`, 'gu')

/**
 * Converts a text to the form in which it is indexed and searched. FTS5 compares code points, and takes a run of letters for one word. So characters are
 * composed: macOS decomposes file names, and keyboards produce composed characters. And every letter of a script without spaces becomes a word, so
 * that a word in a sentence is found as a phrase.
 */
export function searchable(text: string): string {
  const composed = text.normalize('NFC')
  return hasUnspaced.test(composed) ? composed.replace(beside, SEPARATOR) : composed
}

/** Converts an excerpt of an indexed text to what is shown. */
export function shown(excerpt: string): string {
  return excerpt.replaceAll(SEPARATOR, '')
}

/** The indexed tables, with their index, which has the same keys and columns. Removed rows leave it by triggers in the library itself. */
const indexed = [
  { table: 'turns', index: 'turn_words', columns: ['question', 'text'] },
  { table: 'turn_versions', index: 'version_words', columns: ['text'] },
  { table: 'clips', index: 'clip_words', columns: ['name'] },
  { table: 'moments', index: 'moment_words', columns: ['text'] },
] as const

/** Statements that keep the index up to date while a connection is open. Only temporary triggers may call a function of the program. */
export const indexTriggers = indexed
  .map(({ table, index, columns }) => {
    const values = columns.map((column) => `searchable(new.${column})`)
    return `
      CREATE TEMP TRIGGER ${index}_added AFTER INSERT ON main.${table} BEGIN
        INSERT INTO ${index} (rowid, ${columns.join(', ')}) VALUES (new.key, ${values.join(', ')});
      END;
      CREATE TEMP TRIGGER ${index}_changed AFTER UPDATE OF ${columns.join(', ')} ON main.${table} BEGIN
        UPDATE ${index} SET ${columns.map((column, i) => `${column} = ${values[i]}`).join(', ')} WHERE rowid = new.key;
      END;`
  })
  .join('')
