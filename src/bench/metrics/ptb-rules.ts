/**
 * The Penn Treebank's way of cutting English, as the Stanford tokenizer that pycocoevalcap calls does it to lower-case text. Written by what is known of its
 * grammar and by putting texts to it (tools/reference/caption_cider.py); the fixture made by that script holds these rules to it.
 */

/** A kind of word. Where several fit, the longest is taken, and the first of equals. */
export interface Rule {
  /** Sticky. What its first group sees ahead is no part of the word but makes the match longer. */
  readonly pattern: RegExp
  /** What the word becomes, where it is not what stands there; empty for what is left out. */
  readonly becomes?: (word: string) => string
}

/** Letters that the tokenizer knows: none above U+FFFF, no variation selectors. */
const letter = '(?:(?![\\u{10000}-\\u{10ffff}\\ufe00-\\ufe0f])[\\p{L}\\p{M}\\u00ad])'
const sign = `(?:${letter}|\\p{Nd})`
const blank = '[ \\u00a0]'
const hyphen = '[-_\\u2010\\u2011\\u058a]'
/** Ends a suffix: no letter may follow. */
const end = '(?![a-z])'
/** Ends a contraction of two words: neither may a suffix. */
const over = "(?![a-z'])"

/** Words that keep their full stop. Single letters do as well. */
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
/** These only before a number. */
const numbered = 'art|ca|figs?|nos?|op|pp|prop'

/** Whole words with an apostrophe. */
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
/** As long as labels of hosts may be, so that a text without blanks is not searched over and over. */
const host = '[^\\s"`\'<>|.!?(){},\\-_$]{1,63}'
const pathEnd = '[^\\s"<>|.!?(){},-]'

function rule(pattern: string, becomes?: (word: string) => string): Rule {
  return { pattern: new RegExp(pattern, 'uy'), ...(becomes && { becomes }) }
}

const nothing = () => ''

/** Contractions first: they are as long as the words they are cut from. */
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
  // A full stop before another mark is taken for an abbreviation's.
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
  // the web
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
  // faces
  rule("[<>]?[:;=][-o*']?[()dp\\\\{@|[\\]](?![a-z0-9])"),
  rule("[-^x=~<>']_[-^x=~<>']"),
  // marks that run together; a single one is dealt with below
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
