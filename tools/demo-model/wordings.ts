import type { Random } from '../../src/bench/moving-shapes/random.ts'
import { capital } from '../../src/bench/moving-shapes/words.ts'
import templates from './wordings.json' with { type: 'json' }

/**
 * Templates of the questions that the demo model is trained on, by what they ask for. `[a|b]` stands for one of the alternatives, which may be empty, and
 * `{name}` for a value of the scene. No template may produce a wording of held-out-wordings.ts.
 */
export const wordings: Readonly<Record<Wording, readonly string[]>> = templates

export type Wording = keyof typeof templates

export const VIDEOS = [
  'video',
  'video',
  'video',
  'clip',
  'clip',
  'film',
  'animation',
  'movie',
  'recording',
  'footage',
  'sequence',
  'video clip',
  'scene',
]
export const THINGS = ['objects', 'shapes', 'things', 'figures', 'items']
export const POLITE_BEFORE = [
  'Please ',
  'please ',
  'Can you tell me: ',
  'Hey, ',
  'Hi! ',
  'Okay. ',
  'And ',
  'So, ',
  'Now, ',
  'Thanks. ',
  'I would like to know: ',
]
export const POLITE_AFTER = [' Please.', ' please', ' Thanks!', ' Thank you.', ' Be brief.', ' Answer briefly.', '?', '!']

/** Returns a random wording with its values, sometimes with the small differences that people make when they type. */
export function worded(wording: Wording, values: Readonly<Record<string, string>>, random: Random): string {
  const chosen = expand(random.pick(wordings[wording]), random)
  const filled = chosen.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'video') return random.pick(VIDEOS)
    if (name === 'things') return random.pick(THINGS)
    const value = values[name]
    if (value === undefined) throw new RangeError(`a wording of "${wording}" names {${name}}, which it has no value for`)
    return value
  })
  return asTyped(filled.slice(0, 1).toUpperCase() === filled.slice(0, 1) || random.chance(0.5) ? filled : capital(filled), random)
}

/** Replaces the innermost `[a|b]` by one of its alternatives until none is left. */
function expand(template: string, random: Random): string {
  let text = template
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/\[([^[\]]*)\]/g, (_, inside: string) => random.pick(inside.split('|')))
  }
  return text.replace(/ +([?.!])/g, '$1')
}

/** Changes a sentence as people do when they type: letters in lower case, no mark at the end, a polite word, a slip. */
export function asTyped(text: string, random: Random): string {
  let typed = text
  if (random.chance(0.06)) typed = `${random.pick(POLITE_BEFORE)}${typed.slice(0, 1).toLowerCase()}${typed.slice(1)}`
  if (random.chance(0.04)) typed += random.pick(POLITE_AFTER)
  if (random.chance(0.15)) typed = typed.toLowerCase()
  if (random.chance(0.15)) typed = typed.replace(/[?.!]$/, '')
  if (random.chance(0.02)) typed = typed.toUpperCase()
  if (random.chance(0.03) && typed.length > 8) {
    const at = random.whole(1, typed.length - 3)
    const [a = '', b = ''] = [typed.slice(at, at + 1), typed.slice(at + 1, at + 2)]
    typed = `${typed.slice(0, at)}${random.pick([`${b}${a}`, a, `${a}${a}${b}`])}${typed.slice(at + 2)}`
  }
  return typed
}
