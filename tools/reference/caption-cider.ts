/** Counterpart of `caption_cider.py --annotations FILE`: scores the same captions with this program. */
import { readFileSync } from 'node:fs'
import { cider } from '../../src/bench/metrics/cider.ts'
import { tokenizeCaption } from '../../src/bench/metrics/ptb-tokenizer.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('Name an annotation file of captions in version 1 shape.')
const pairs = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { text: { response: string[] } }).text.response.map(tokenizeCaption))
  .flatMap(([candidate, ...references]) => (candidate && references.length > 0 ? [{ candidate, references }] : []))
console.log(`${pairs.length} captions, CIDEr ${cider(pairs).score}`)
