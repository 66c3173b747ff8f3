/**
 * Brings the catalogues in `resources/languages` up to date with the sources: adds new texts without a translation, removes those that are gone, and
 * lists what is to be translated. A translation is written by hand into the catalogue.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { languages } from '../../src/shared/language.ts'
import { bareTexts } from './bare-texts.ts'
import { collectTexts } from './collect-texts.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const texts = collectTexts(root)
for (const language of languages) {
  if (language === 'en') continue
  const file = join(root, 'resources/languages', `${language}.json`)
  const before = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
  const keys = [...texts.keys()].sort()
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, before[key] ?? ''])), null, 2)}\n`)
  const missing = keys.filter((key) => !before[key])
  const gone = Object.keys(before).filter((key) => !texts.has(key))
  console.log(`${language}: ${keys.length} texts, ${missing.length} without a translation, ${gone.length} removed.`)
  for (const key of missing) console.log(`${texts.get(key)}  ${key}`)
}
const bare = bareTexts(root)
console.log(`${bare.length} texts of the page and the shell are not given to "t".`)
for (const place of bare) console.log(place)
