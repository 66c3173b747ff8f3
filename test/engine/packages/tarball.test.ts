import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { neverLoaded } from '../../../scripts/never-loaded.mjs'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { runCli } from '../cli/run-cli.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const packedSchema = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }))
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) })
const clip = join(root, 'resources/examples/red-circle-right-then-grows.mp4')

/**
 * The package's files in an otherwise empty folder, with the dependencies that `npm install` puts beside them there. Packages for development are
 * missing, and so are those that installers leave out: a file that is not packed, or an import of such a package, fails as it would for a user.
 */
async function installed(): Promise<ScratchFolder> {
  const scratch = await ScratchFolder.make()
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    shell: process.platform === 'win32',
  })
  const [packed] = packedSchema.parse(JSON.parse(listed.toString()))
  for (const { path } of packed?.files ?? []) cpSync(join(root, path), scratch.path(`node_modules/tarsier-desktop/${path}`))
  const left = new Set(neverLoaded.map((name) => `node_modules/${name}`))
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev || left.has(path) || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue
    mkdirSync(dirname(scratch.path(path)), { recursive: true })
    // Optional packages of other systems are not there; links to them lead nowhere, as if they were missing.
    symlinkSync(join(root, path), scratch.path(path), 'junction')
  }
  return scratch
}

test('the package describes a clip and serves the page without its sources', async () => {
  await using scratch = await installed()
  const around = ([node = '', , ...args]: readonly string[]) =>
    [node, scratch.path('node_modules/tarsier-desktop/bin/tarsier.mjs'), ...args] as const
  const options = { cwd: scratch.directory, env: { TARSIER_HOME: scratch.path('home') }, around }
  const described = await runCli(['describe', clip], options)
  expect(described).toMatchObject({ code: 0, stdout: expect.stringContaining('A red circle moves right and then grows.') })

  let page: Promise<{ status: number; text: string }> | null = null
  const served = await runCli(['serve', '--port', '0'], {
    ...options,
    onOutput: (child, soFar) => {
      const [, origin, token] = /(http:\S+)\?token=(\S+)\n/.exec(soFar) ?? []
      if (!origin || page) return
      page = fetch(origin, { headers: { authorization: `Bearer ${token}` } }).then(async (response) => ({
        status: response.status,
        text: await response.text(),
      }))
      void page.finally(() => child.kill('SIGINT'))
    },
  })
  expect(await page).toMatchObject({ status: 200, text: expect.stringContaining('<title>') })
  expect(served.code).toBe(130)
})
