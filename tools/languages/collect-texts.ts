import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'
import ts from 'typescript'
import { commanderTexts } from './library-texts.ts'

/** A text of the sources and where it stands, as `file:line`. */
export type CollectedTexts = ReadonlyMap<string, string>

/** Properties whose values users read, although they are no sentences. */
const readProperties = new Set([
  'title',
  'label',
  'unit',
  'whenAbsent',
  'why',
  'detail',
  'reason',
  'found',
  'error',
  'keyword',
  'allowed',
  'to',
])

/** Calls whose texts only developers read: descriptions of schemas and of the command line, queries, output of commands. */
const developersCalls =
  /(^|\.)(describe|description|addHelpText|option|argument|run|get|all|exec|prepare|query|write|log|debug|parameter|field)$/

/** What programs read, questions for models, and the data of a benchmark. */
const untranslated = [
  'src/preload/**',
  'src/serve/mcp/**',
  'src/serve/openai/**',
  'src/bench/moving-shapes/**',
  'src/bench/autodq/**',
  'src/jobs/events/summarize.ts',
  'src/jobs/event-formats/edl.ts',
  'src/engine/rewriting/rewrite-prompt.ts',
]

/**
 * Collects all texts that a catalogue needs.
 * - In the page and the shell: the literals given to `t` and `<RichText message>`, and messages of errors.
 * - Parts of sentences that are marked with `phrase`.
 * - Elsewhere: what reads as a sentence, since messages of errors and notices are put together in many ways; texts of well-known properties; nouns
 *   given to `counted`; messages of commander. Values in a sentence become numbered places: `{0} is not a folder.`
 * @param root folder of the repository
 * @throws Error if `t` or `<RichText>` gets something else than a literal
 */
export function collectTexts(root: string): CollectedTexts {
  const texts = new Map<string, string>()
  for (const file of globSync('src/**/*.{ts,tsx}', { cwd: root, ignore: [...untranslated] }).sort()) {
    const source = parse(root, file)
    const page = /^src\/(renderer|main)\//.test(file)
    // Of the command line and the server, errors are translated.
    const errorsOnly = /^src\/(cli|serve)\//.test(file)
    visit(source, (node) => {
      for (const text of textsAt(node, page, errorsOnly)) if (!texts.has(text)) texts.set(text, `${file}:${lineOf(source, node)}`)
    })
  }
  for (const [text, file] of modelTexts(root)) texts.set(text, file)
  for (const text of commanderTexts) texts.set(text, 'commander')
  return texts
}

/** What models that come with the program or its catalogue say about themselves. Others say it in English. */
function modelTexts(root: string): readonly (readonly [string, string])[] {
  const read = <Data>(file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Data
  const demo = 'resources/models/demo/tarsier-model.json'
  const { summary, recognizesOnly, prompts } = read<DemoTexts>(demo)
  const catalogue = 'resources/models/catalogue.json'
  const entries = read<readonly CatalogueTexts[]>(catalogue).flatMap(({ summary, licence: { name, note } }) => [
    summary,
    ...(note === undefined ? [] : [note]),
    // Other names are identifiers, such as "apache-2.0".
    ...(name.includes(' ') ? [name] : []),
  ])
  return [
    ...[summary, recognizesOnly, ...prompts.map(({ name }) => name)].map((text) => [text, demo] as const),
    ...entries.map((text) => [text, catalogue] as const),
  ]
}

interface DemoTexts {
  readonly summary: string
  readonly recognizesOnly: string
  readonly prompts: readonly { readonly name: string }[]
}

interface CatalogueTexts {
  readonly summary: string
  readonly licence: { readonly name: string; readonly note?: string }
}

function textsAt(node: ts.Node, page: boolean, errorsOnly: boolean): readonly string[] {
  if (isPhrase(node)) return [literalText(node.template) ?? '']
  if (page) return [...pageText(node), ...sentence(node, true)]
  return isCounted(node) ? countedTexts(node) : sentence(node, errorsOnly)
}

export function parse(root: string, file: string): ts.SourceFile {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true, kind)
}

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, (child) => visit(child, see))
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

/** A literal's text, with numbered places for the values of a template; null for other nodes. */
function literalText(node: ts.Node): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return null
  return node.head.text + node.templateSpans.map(({ literal }, index) => `{${index}}${literal.text}`).join('')
}

function pageText(node: ts.Node): readonly string[] {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't')
    return [literalOf(node.arguments[0], node)]
  if (!ts.isJsxSelfClosingElement(node) || node.tagName.getText() !== 'RichText') return []
  const message = node.attributes.properties.find((part) => ts.isJsxAttribute(part) && part.name.getText() === 'message')
  const value = message && ts.isJsxAttribute(message) ? message.initializer : undefined
  return [literalOf(value && ts.isJsxExpression(value) ? value.expression : value, node)]
}

function literalOf(value: ts.Node | undefined, at: ts.Node): string {
  if (value && (ts.isStringLiteral(value) || ts.isNoSubstitutionTemplateLiteral(value))) return value.text
  throw new Error(
    `${at.getSourceFile().fileName}:${lineOf(at.getSourceFile(), at)}: the text has to be a literal. Use "translate" for texts from elsewhere.`,
  )
}

function isCounted(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && node.expression.getText() === 'counted'
}

function isPhrase(node: ts.Node): node is ts.TaggedTemplateExpression {
  return ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'phrase'
}

function countedTexts({ arguments: [, noun, plural] }: ts.CallExpression): readonly string[] {
  const one = noun && literalText(noun)
  if (!one) return []
  return [`{0} ${one}`, `{0} ${(plural && literalText(plural)) ?? `${one}s`}`]
}

/** The text of a literal that reads as a sentence, or that a well-known property has. */
function sentence(node: ts.Node, errorsOnly: boolean): readonly string[] {
  const text = literalText(node)
  if (text === null || !isWorded(text) || ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent)) return []
  const property = ts.isPropertyAssignment(node.parent) && node.parent.initializer === node ? node.parent.name.getText() : null
  if (errorsOnly && !isInError(node)) return []
  if (isForDevelopers(node)) return []
  const isSentence = / /.test(text) && /[.!?…:]["”)]?( \{\d+\})?$/.test(text.trim())
  return isSentence || isProblemOfSchema(node) || (property !== null && readProperties.has(property)) ? [text.trim()] : []
}

/** What a schema says about a wrong value: `The address {0}.` gets it as a value. */
function isProblemOfSchema({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && /\.(regex|refine)$/.test(parent.expression.getText())
}

/** Whether there are words beside the values (`{0}: {1}.` would match every sentence), and not those of a query. */
function isWorded(text: string): boolean {
  return /[A-Za-z]{2}/.test(text.replace(/\{\d+\}/g, '')) && !/^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|PRAGMA) |= \?/.test(text)
}

function isInError(node: ts.Node): boolean {
  for (let above: ts.Node | undefined = node.parent; above && !ts.isStatement(above); above = above.parent) {
    if (ts.isNewExpression(above)) return above.expression.getText().endsWith('Error')
  }
  return false
}

function isForDevelopers(node: ts.Node): boolean {
  for (let above: ts.Node | undefined = node.parent; above && !ts.isStatement(above); above = above.parent) {
    if (ts.isCallExpression(above)) return developersCalls.test(above.expression.getText().replace(/^[\s\S]*\./, '.'))
  }
  return false
}
