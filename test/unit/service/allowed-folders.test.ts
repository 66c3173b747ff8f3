import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realPath } from '../../../src/platform/real-path.ts'
import { AllowedFolders } from '../../../src/service/allowed-folders.ts'

const never = new AbortController().signal
const own = { showsPaths: true, advice: 'Allow it.' }
let root: string
beforeAll(async () => {
  root = await realPath(await mkdtemp(join(tmpdir(), 'tarsier-allowed-')))
  for (const folder of ['films/old', 'films/.hidden', 'private']) await mkdir(join(root, folder), { recursive: true })
  for (const file of ['films/b.mp4', 'films/a b.MOV', 'films/old/c.gif', 'films/.hidden/d.mp4', 'films/notes.txt', 'private/secret.mp4'])
    await writeFile(join(root, file), '')
  await symlink(join(root, 'private'), join(root, 'films', 'out'))
  await symlink(join(root, 'films'), join(root, 'link'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('finds files by absolute and relative paths, URLs and their own addresses', async () => {
  const folders = await AllowedFolders.open([join(root, 'link')], own)
  const file = join(root, 'films', 'a b.MOV')
  for (const path of [
    file,
    join(root, 'link', 'a b.MOV'),
    'a b.MOV',
    './old/../a b.MOV',
    pathToFileURL(file).href,
    folders.addressOf(file),
  ])
    expect(await folders.fileOf(path)).toBe(file)
  expect(folders.nameOf(file)).toBe(file.replaceAll('\\', '/'))
})

test('of a server, names are relative to its folder', async () => {
  const folders = await AllowedFolders.open([join(root, 'films')], { showsPaths: false, advice: 'Allow it.' })
  const file = join(root, 'films', 'old', 'c.gif')
  expect(folders.nameOf(file)).toBe('old/c.gif')
  expect(folders.addressOf(file)).toBe('clip:///old/c.gif')
  expect(await folders.fileOf('clip:///old/c.gif')).toBe(file)
  await expect(folders.fileOf(join(root, 'private', 'secret.mp4'))).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.not.stringContaining(root),
  })
})

test.each([
  ['a file elsewhere', 'private/secret.mp4'],
  ['a missing file elsewhere', 'private/none.mp4'],
  ['a file behind a link', 'films/out/secret.mp4'],
  ['a folder whose name begins alike', 'films2/a.mp4'],
  ['the folder itself', 'films'],
])('refuses %s', async (_, path) => {
  const folders = await AllowedFolders.open([join(root, 'films')], own)
  await expect(folders.fileOf(join(root, path))).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringContaining('Allow it.'),
  })
})

test('tells missing files and wrong addresses from those', async () => {
  const folders = await AllowedFolders.open([join(root, 'films')], own)
  await expect(folders.fileOf('none.mp4')).rejects.toMatchObject({ code: 'file-missing' })
  await expect(folders.fileOf('file://elsewhere/a%2Fb.mp4')).rejects.toMatchObject({ code: 'usage' })
  await expect(AllowedFolders.open([join(root, 'none')], own)).rejects.toMatchObject({ code: 'file-missing' })
  await expect(AllowedFolders.open([join(root, 'films', 'b.mp4')], own)).rejects.toMatchObject({ code: 'usage' })
})

test('lists clips once, without links and hidden entries', async () => {
  const folders = await AllowedFolders.open([join(root, 'films'), join(root, 'films', 'old'), join(root, 'link')], own)
  expect(folders.names).toEqual([join(root, 'films'), join(root, 'link')])
  const names = ['a b.MOV', 'b.mp4', 'old/c.gif'].map((name) => join(root, 'films', name))
  expect(await folders.list(never)).toEqual({ paths: names, complete: true })
})

test('says that a list is not complete', async () => {
  const many = join(root, 'many')
  await mkdir(many)
  for (let i = 0; i < 1001; i += 1) await writeFile(join(many, `${i}.mp4`), '')
  const { paths, complete } = await (await AllowedFolders.open([many], own)).list(never)
  expect([paths.length, complete]).toEqual([1000, false])
})
