/** Scripts that put no spaces between words, by their codes in ISO 15924. */
const SCRIPTS = ['Han', 'Hira', 'Kana', 'Bopo', 'Thai', 'Laoo', 'Khmr', 'Mymr', 'Lana'] as const

const charactersOf = (property: 'sc' | 'scx') => SCRIPTS.map((script) => String.raw`\p{${property}=${script}}`).join('')

/**
 * Part of a pattern with the flag `u`: a letter or digit of such a script, also one that several scripts share, such as the `ー` of Japanese. The index
 * of the search divides texts with it, so a change needs a migration that fills the index again.
 */
export const UNSPACED_LETTER = String.raw`(?=[\p{L}\p{N}])[${charactersOf('scx')}]`

/**
 * A character of such a script, beside which a word may begin or end: also its marks and punctuation, but only its own. Marks that it shares stand on
 * Latin letters too, such as the tilde of a decomposed `ñ`.
 */
export const unspacedCharacter = new RegExp(`${UNSPACED_LETTER}|[${charactersOf('sc')}]`, 'u')
