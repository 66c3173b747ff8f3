import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const shell = ['src/main/', 'src/preload/', 'src/renderer/'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|html)$/.test(name))
    .map((name) => ({ name: folder + name, code: readFileSync(new URL(folder + name, root), 'utf8') })),
)
const using = (word: RegExp) => shell.filter(({ code }) => word.test(code)).map(({ name }) => name)

test('each point of the checklist has an existing test', () => {
  const rows = readFileSync(new URL('docs/security.md', root), 'utf8').matchAll(/^\| (\d+) \| .* \| `([\w.-]+\.test\.ts)` \|$/gm)
  const points = [...rows].map(([, number, file]) => [Number(number), file] as const)
  expect(points.map(([number]) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  const missing = points.filter(
    ([, file]) => !['main', 'preload'].some((folder) => existsSync(new URL(`test/unit/${folder}/${file}`, root))),
  )
  expect(missing).toEqual([])
})

test.each([
  /allowRunningInsecureContent/,
  /experimentalFeatures/,
  /enableBlinkFeatures/,
  /<webview|allowpopups/i,
  /openExternal/,
  /\bloadFile\(|file:\/\//,
  /nodeIntegration(InWorker|InSubFrames)?: true/,
  /executeJavaScript|insertCSS|dangerouslySetInnerHTML|\beval\(/,
  /@electron\/remote/,
])('the shell and the page do not contain %s', (word) => {
  expect(using(word)).toEqual([])
})

test('each side handles messages in one module', () => {
  expect(using(/\bipcMain\b/)).toEqual(['src/main/page-channels.ts'])
  expect(using(/\bipcRenderer\b/)).toEqual(['src/preload/index.ts'])
})

test('Electron is pinned', () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { devDependencies: Record<string, string> }
  expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/)
})
