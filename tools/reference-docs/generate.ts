/**
 * Generates `docs/reference` and `docs/troubleshooting.md` from the program itself: the command line from commander's commands, the settings, the HTTP
 * API and the shapes of captions from their zod schemas, the error codes from their table. Generates the licences that the app shows from the lock file. `--check` writes nothing, and fails if a file is out of date.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { createProgram } from '../../src/cli/main.ts'
import { openApiDocument } from '../../src/serve/openapi.ts'
import { captionShapeSchema } from '../../src/shared/shaping/caption-shape.ts'
import { readyShapes } from '../../src/shared/shaping/ready-shapes.ts'
import { collectLicences, readLicences } from '../licences/collect.ts'
import { commandLineReference } from './command-line.ts'
import { settingsReference } from './settings.ts'
import { troubleshooting } from './troubleshooting.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'docs')
const LICENCES = '../resources/licences/licences.json'
const pages = {
  'reference/cli.md': commandLineReference(await createProgram(() => Promise.resolve())),
  'reference/settings.md': settingsReference(),
  'reference/openapi.json': json(openApiDocument()),
  'reference/caption-shape.schema.json': json(z.toJSONSchema(captionShapeSchema, { io: 'input' })),
  'reference/ready-shapes.json': json(readyShapes),
  'troubleshooting.md': troubleshooting(),
  [LICENCES]: json(collectLicences(root, readLicences(join(folder, LICENCES)))),
}

if (process.argv.includes('--check')) {
  const stale: string[] = []
  for (const [name, text] of Object.entries(pages)) {
    const written = await readFile(join(folder, name), 'utf8').catch(() => null) // a missing file is out of date, too
    if (written !== text) stale.push(name)
  }
  if (stale.length > 0) {
    console.error(
      `These generated files are stale: ${stale.map((name) => join('docs', name)).join(', ')}. Run "npm run docs", and commit what it writes.`,
    )
    process.exitCode = 1
  }
} else {
  for (const [name, text] of Object.entries(pages)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
