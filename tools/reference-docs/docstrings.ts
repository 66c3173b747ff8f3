/** Fails if an exported function of `src/shared` or `src/engine` has no docstring, and lists these functions. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { globSync } from 'tinyglobby'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

const missing = globSync(['src/shared/**/*.ts', 'src/engine/**/*.ts'], { cwd: root }).sort().flatMap(undocumentedIn)
if (missing.length > 0) {
  console.error(`These exported functions have no docstring (/** … */ with meaning, shapes, units and errors):\n  ${missing.join('\n  ')}`)
  process.exitCode = 1
}

/** Lists the exported functions of a file without a docstring, such as `src/shared/errors.ts:12 isAbort`. */
function undocumentedIn(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(`${root}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true)
  return source.statements.filter(isExportedFunction).flatMap((statement) => {
    if (ts.getJSDocCommentsAndTags(statement).length > 0) return []
    const { line } = source.getLineAndCharacterOfPosition(statement.getStart())
    return [`${file}:${line + 1} ${statement.name?.text ?? 'default'}`]
  })
}

function isExportedFunction(statement: ts.Statement): statement is ts.FunctionDeclaration {
  return ts.isFunctionDeclaration(statement) && (statement.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
}
