import { globSync } from 'tinyglobby'
import ts from 'typescript'
import { lineOf, parse, visit } from './collect-texts.ts'

/** Attributes and properties whose value users read or hear. */
const readNames = new Set([
  ...[
    'aria-label',
    'aria-description',
    'aria-valuetext',
    'title',
    'placeholder',
    'alt',
    'label',
    'help',
    'text',
    'hint',
    'why',
    'heading',
    'note',
  ],
  ...['name', 'message', 'detail', 'buttons', 'toolTip', 'does', 'body', 'empty', 'description', 'summary'],
])
/** Of those, names that often mean something else: only texts of several words, or with a capital letter, count. */
const ambiguousNames = new Set(['name', 'message', 'text', 'body', 'detail', 'summary', 'description', 'note'])

/**
 * Lists texts of the page and the shell that are not given to `t`, as `file:line  text`. Recognized are texts between tags, values of attributes and
 * properties that users read, and everything that reads as a sentence.
 * @param root folder of the repository
 */
export function bareTexts(root: string): readonly string[] {
  const found: string[] = []
  for (const file of globSync('src/{renderer,main}/**/*.{ts,tsx}', { cwd: root }).sort()) {
    const source = parse(root, file)
    visit(source, (node) => {
      const text = ts.isJsxText(node) ? wordsOf(node.text) : bareLiteral(node)
      if (text) found.push(`${file}:${lineOf(source, node)}  ${text}`)
    })
  }
  return found
}

function wordsOf(text: string): string | null {
  const words = text.trim().replace(/\s+/g, ' ')
  return /[A-Za-z]{2}/.test(words) && !untranslatable.test(words) ? words : null
}

function bareLiteral(node: ts.Node): string | null {
  const text =
    ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)
      ? node.text
      : ts.isTemplateExpression(node)
        ? fixedText(node)
        : null
  if (text === null || !wordsOf(text) || ts.isImportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent)) return null
  const place = placeOf(node)
  if (place === null) return null
  const isSentence = / /.test(text) && (/^[A-Z][a-z]/.test(text) || /[a-z][.!?…]$/.test(text))
  const isRead = readNames.has(place) && (!ambiguousNames.has(place) || /^[A-Z]/.test(text))
  return isSentence || isRead || place === CHILD ? text : null
}

/** The product's name, and what is typed as it stands. */
const untranslatable = /^(Tarsier Desktop|Tarsier service|tarsier [a-z]+ .*|tarsier [a-z]+)$/

const CHILD = '(child)'

/** Name of the attribute or property that a literal is the value of, {@link CHILD} between tags; null if the literal is no text of its own. */
function placeOf(node: ts.Node): string | null {
  let below: ts.Node = node
  for (let above = node.parent; above; below = above, above = above.parent) {
    // Messages of errors are translated where they are shown.
    if (ts.isNewExpression(above) && above.expression.getText().endsWith('Error')) return null
    if (ts.isCallExpression(above) || ts.isNewExpression(above))
      return ts.isIdentifier(above.expression) && isTranslated(above.expression.text) ? null : ''
    if (ts.isJsxAttribute(above)) return isAddressed(above) ? null : above.name.getText()
    if (ts.isPropertyAssignment(above)) return above.name === below ? null : above.name.getText().replace(/['"]/g, '')
    if (ts.isJsxExpression(above)) {
      if (ts.isJsxElement(above.parent) || ts.isJsxFragment(above.parent)) return CHILD
      continue
    }
    if (ts.isBinaryExpression(above) && /^[=!]==?$|^[<>]=?$/.test(above.operatorToken.getText())) return null
    if (ts.isConditionalExpression(above) && above.condition === below) return null
    if (ts.isCaseClause(above) || ts.isElementAccessExpression(above) || ts.isTypeNode(above)) return null
    if (ts.isArrowFunction(above) || ts.isStatement(above)) return ''
  }
  return ''
}

function isTranslated(name: string): boolean {
  return name === 't' || name === 'translate'
}

/** The message of <RichText> is collected, and class names are no texts. */
function isAddressed(attribute: ts.JsxAttribute): boolean {
  const name = attribute.name.getText()
  return /class(Name)?$|Class$/i.test(name) || (name === 'message' && attribute.parent.parent.tagName.getText() === 'RichText')
}

function fixedText({ head, templateSpans }: ts.TemplateExpression): string {
  return [head.text, ...templateSpans.map(({ literal }) => literal.text)].join('…')
}
