/**
 * Penn Treebank tokenization of English, as the Stanford tokenizer that pycocoevalcap calls does it for lower-case text. Derived from what is known
 * of its grammar and from its output on test texts (tools/reference/caption_cider.py); tested against the fixture that this script generates.
 */

/** A kind of token. If several rules match, the longest match wins, and the first rule among equally long ones. */
export interface Rule {
  /** Sticky pattern. Text matched by the lookahead in its first group is not part of the token, but counts for the length of the match. */
  readonly pattern: RegExp
  /** Transforms the token; an empty result drops it. */
  readonly becomes?: (word: string) => string
}

/** Letters that the tokenizer recognizes: none above U+FFFF, no variation selectors. */
const letter = '(?:(?![\\u{10000}-\\u{10ffff}\\ufe00-\\ufe0f])[\\p{L}\\p{M}\\u00ad])'
const sign = `(?:${letter}|\\p{Nd})`
const blank = '[ \\u00a0]'
const hyphen = '[-_\\u2010\\u2011\\u058a]'
/** End of a suffix: no letter may follow. */
const end = '(?![a-z])'
/** End of a contraction of two words: neither a letter nor a suffix may follow. */
const over = "(?![a-z'])"

/** Abbreviations that keep their full stop; single letters keep it, too. */
const abbreviations = [
  ...'adj adm adv al ala alex apr aug ave bhd brig calif cf cie co col conn corp cos cpl ct dak dec det dr drs ens esq est etc ext'.split(
    ' ',
  ),
  ...'feb fla fri ft ga gen gov hon inc ind jan jos jr jul jun kan kans ky lt ltd maj mar md messrs mfg mich mme mo mon mont mr'.split(' '),
  ...'mrs ms mt mtg neb nev nov oct pfc ph plc pres prof pte pty pvt rd rep reps rev rt sen sens sep sept seq sfc sgt spc sq sr st'.split(
    ' ',
  ),
  ...'ste sys tel thu tue va vs vt wed wis wm wyo'.split(' '),
].join('|')
/** Abbreviations that keep it only before a number. */
const numbered = 'art|ca|figs?|nos?|op|pp|prop'

/** Single tokens that contain an apostrophe. */
const apostrophes = [
  ...[
    "'n'",
    "'n(?![a-z])",
    "[ldj]'",
    "somethin'",
    "dunkin'",
    "ol'",
    "'em",
    "c'mon",
    "'[2-9]0s",
    "'till?",
    "'cause",
    "cont'd\\.",
    "nor'easter",
    "e'er",
  ],
  ...["s'mores", "ev'ry", "li'l", "nat'l", "y'"],
].join('|')

const word = `${letter}${sign}*(?:[.!?]${letter}${sign}*)*`
const segment = `(?:[dlo]'${sign})?${sign}+`
const thing = `${segment}(?:${hyphen}${segment})*`
const initials = '[a-z](?:\\.[a-z])+'
const slashed = '[a-z0-9]+(?:-[a-z]+){0,2}'
/** Limited to the maximum length of a host name's label, to avoid quadratic search time in text without spaces. */
const host = '[^\\s"`\'<>|.!?(){},\\-_$]{1,63}'
const pathEnd = '[^\\s"<>|.!?(){},-]'

function rule(pattern: string, becomes?: (word: string) => string): Rule {
  return { pattern: new RegExp(pattern, 'uy'), ...(becomes && { becomes }) }
}

const nothing = () => ''

/** Contractions come first, since they are as long as the words that they split. */
export const rules: readonly Rule[] = [
  rule(`can(?=(not${over}))`),
  rule(`gon(?=(na${over}))`),
  rule(`got(?=(ta${over}))`),
  rule(`lem(?=(me${over}))`),
  rule(`gim(?=(me${over}))`),
  rule(`wan(?=(na${over}))`),
  rule("'t(?=(is|was))"),
  rule(`${letter}+?(?=(n['\`]t${end}))`),
  rule(`n['\`]t${end}`),
  rule(`'(?:s|m|d|ll|re|ve)${end}`),
  rule(apostrophes),
  rule("'[0-9]{2}(?=(\\s|$))"),
  rule(`${letter}+[aeiouy]'[aeiou]${letter}*`),
  // A full stop before another punctuation mark belongs to an abbreviation.
  rule(`(?:${word}|${thing})\\.(?=([,;:]))`),
  rule(word),
  rule(thing),
  rule(`(?:${sign}+${hyphen})*${initials}\\.(?:${hyphen}${sign}+)*`),
  rule(`(?:${word}|${initials}|(?:${abbreviations}|${numbered}|ph\\.d|[a-z])\\.)(?:${hyphen}${sign}+)+`),
  rule(`(?:${abbreviations}|[a-z])\\.`),
  rule(`(?:${numbered})\\.(?=(${blank}?[0-9]))`),
  rule('ph\\.d\\.'),
  rule(`${slashed}(?:\\\\?/${slashed}){1,2}`),
  rule('c\\+\\+|[cf]#'),
  // numbers
  rule('[-+]?(?:\\p{Nd}*(?:[.:,]\\p{Nd}+)+|\\p{Nd}+)'),
  rule(`\\p{Nd}+(?:[.,]\\p{Nd}+)+${sign}*(?:-${sign}+)+`),
  rule(`(?:[0-9]{1,4}[-\\s])?[0-9]{1,4}/[0-9]{1,4}`),
  rule('[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}'),
  rule(`(?:\\([0-9]{2,3}\\)${blank}?|(?:\\+\\+?)?(?:[0-9]{2,4}[- \\u00a0])?[0-9]{2,4}[- \\u00a0])[0-9]{3,4}[- \\u00a0]?[0-9]{3,5}`),
  // URLs
  rule(`https?://[^\\s"<>|()]+${pathEnd}`),
  rule(`(?:www\\.(?:[^\\s"<>|.!?(){},]+\\.)+[a-z]{2,4}|(?:${host}\\.){1,8}(?:com|net|org|edu))(?:/[^\\s"<>|()]+${pathEnd})?`),
  rule(`[a-z0-9][^\\s"<>|(){}@]{0,63}@(?:[^\\s"<>|(){}.]+\\.)*[^\\s"<>|(){}.]+`),
  rule('@[a-z_][a-z0-9_]*'),
  rule(`#${letter}+`),
  rule('<[/]?[a-z][a-z0-9:.-]*(?:\\s+[a-z][a-z0-9:.-]*(?:\\s*=\\s*(?:"[^"]*"|\'[^\']*\'))?)*\\s*/?>|<!--.{0,200}?-->|<[!?][a-z][^<>]*>'),
  rule('<[^\\s"<>|(){}@]{1,64}@[^\\s"<>|(){}]+>'),
  rule('&nbsp;', nothing),
  rule('&(?:quot|[mn]dash);', nothing),
  rule('&amp;', () => '&'),
  rule('&lt;', () => '<'),
  rule('&gt;', () => '>'),
  rule('&#[0-9]+;'),
  // emoticons
  rule("[<>]?[:;=][-o*']?[()dp\\\\{@|[\\]](?![a-z0-9])"),
  rule("[-^x=~<>']_[-^x=~<>']"),
  // sequences of punctuation marks; single marks are handled below
  rule('<<|>>'),
  rule('[!?]{2,}|[*]{2,}|#{2,}|@{2,}|_{2,}|-{5,}'),
  rule('\\.{3,5}', nothing),
  rule('-{2,4}|[\\u2013-\\u2015]', nothing),
  rule('["\'`.,;:?!-]|\\u2026|[\\u2018\\u2019\\u201b-\\u201d\\u2039\\u203a\\u00ab\\u00bb]', nothing),
  rule('\\(', () => '-lrb-'),
  rule('\\)', () => '-rrb-'),
  rule('\\[', () => '-lsb-'),
  rule('\\]', () => '-rsb-'),
  rule('\\{', () => '-lcb-'),
  rule('\\}', () => '-rcb-'),
  rule('[\\u20ac\\u20a0\\u00a4]', () => '$'),
  rule('\\u00a3', () => '#'),
  rule('\\u00a2', () => 'cents'),
  rule('[\\u00bc-\\u00be\\u2153\\u2154]', (sign_) => fractions[sign_] ?? sign_),
  rule('[#$%&*+/<=>@\\\\^_|~]'),
  rule(
    '[\\u00a1\\u00a5-\\u00a9\\u00ac\\u00ae-\\u00b9\\u00bf\\u00d7\\u00f7\\u201a\\u201e-\\u2023\\u2030-\\u2038\\u203b\\u203e-\\u2042\\u2044]',
  ),
  rule('[\\u2070-\\u209c\\u20a4\\u2100-\\u214f\\u2155-\\u215e\\u2190-\\u2bff\\u3001\\u3002\\u3012\\u30fb\\uff01-\\uff65\\uffe0-\\uffe6]'),
]

const fractions: Readonly<Record<string, string>> = { '¼': '1/4', '½': '1/2', '¾': '3/4', '⅓': '1/3', '⅔': '2/3' }
