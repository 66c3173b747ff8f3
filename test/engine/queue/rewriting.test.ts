import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { predictionSchema } from '../../../src/bench/prediction.ts'
import { textModelsFolder } from '../../../src/engine/rewriting/text-models.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

const red = resolve('resources/examples/red-circle-right-then-grows.mp4')
// A complete GGUF with a tokenizer and a chat template. Its texts are nonsense, but a grammar decides what it can write.
const TEXT_MODEL = resolve('resources/models/demo/language.gguf')
const fields = (subject: object) => ({
  name: 'mine',
  rewrite: { kind: 'fields', model: 'small', schema: { type: 'object', properties: { subject }, required: ['subject'] } },
})

describe.skipIf(!hasPostgres)(withServer('jobs whose captions are rewritten'), { timeout: 600_000 }, () => {
  const { server, database } = queueServer()

  test('are for workers with the same text model, whose lines are those of describe --from', async () => {
    await using scratch = await ScratchFolder.make()
    const folder = scratch.directory
    const queue = await database()
    const [submitting, home] = [join(folder, 'submitting'), join(folder, 'home')]
    const on = (machine: string, ...args: string[]) => runCli(args, { env: { TARSIER_QUEUE: queue, TARSIER_HOME: machine }, cwd: folder })
    const cli = (...args: string[]) => on(home, ...args)
    const textModel = async (machine: string) => {
      await mkdir(textModelsFolder(machine), { recursive: true })
      await copyFile(TEXT_MODEL, join(textModelsFolder(machine), 'small.gguf'))
    }
    const clip = join(folder, 'red.mp4')
    await copyFile(red, clip)
    await writeFile(join(folder, 'list.txt'), `${clip}\n`)
    await writeFile(join(folder, 'shape.json'), JSON.stringify(fields({ const: 'a red circle moves right and then grows' })))
    const submit = (name: string) => on(submitting, 'jobs', 'submit', 'list.txt', '--name', name, '--shape', 'shape.json')
    expect(await submit('fields')).toMatchObject({ code: 1, stderr: expect.stringContaining('[rewriter-missing]') })
    await textModel(submitting)
    expect(await submit('fields')).toMatchObject({ code: 0 })

    const drain = ['worker', '--drain', '--device', 'cpu']
    expect(await cli(...drain)).toMatchObject({
      code: 1,
      stdout: '0 done, 0 failed\n',
      stderr: expect.stringMatching(/fields: The text model "small" does not exist.*\[rewriter-missing\]/),
    })
    await textModel(home)
    await appendFile(join(textModelsFolder(home), 'small.gguf'), 'other')
    expect(await cli(...drain)).toMatchObject({
      code: 1,
      stdout: '0 done, 0 failed\n',
      stderr: expect.stringMatching(
        /The text model .*small\.gguf is not the file that the job "fields" was submitted with.*\[model-mismatch\]/,
      ),
    })
    // Earlier versions stored the name only.
    expect(await submit('old')).toMatchObject({ code: 0 })
    await server().sql(
      `update tarsier.job set settings = (settings::jsonb - 'text-model')::text where name = 'old'`,
      new URL(queue).pathname.slice(1),
    )
    expect(await cli(...drain, '--job', 'old')).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n' })
    expect(await submit('old')).toMatchObject({ code: 0, stdout: 'old: 0 added, 1 were there\n' })

    await textModel(home)
    expect(await cli(...drain)).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n' })

    expect(await cli('jobs', 'export', 'fields', '-o', 'shared.jsonl', '--overwrite')).toMatchObject({ code: 0 })
    await cli('describe', '--from', 'list.txt', '--out', 'alone.jsonl', '--shape', 'shape.json', '--device', 'cpu')
    const lineOf = async (name: string) => {
      const [line] = jsonLines(await readFile(join(folder, name), 'utf8'))
      const { used, ...prediction } = predictionSchema.parse(line)
      return { ...prediction, used: used && { ...used, seconds: 0 } }
    }
    const shared = await lineOf('shared.jsonl')
    expect(shared).toMatchObject({
      prediction: expect.stringMatching(/^A red circle moves right and then grows\./),
      shaped: {
        text: '{"subject":"a red circle moves right and then grows"}',
        rewritten: { model: 'small.gguf', checked: [{ field: 'subject', support: expect.any(Number) }] },
      },
    })
    expect(shared).toEqual(await lineOf('alone.jsonl'))
    expect(await cli('jobs', 'export', 'fields', '--format', 'sidecars')).toMatchObject({ code: 0 })
    expect((await readFile(join(folder, 'red.txt'), 'utf8')).trim()).toBe(shared.shaped?.text)
  })

  test('are refused before any clip where they cannot work', async () => {
    await using scratch = await ScratchFolder.make()
    const env = { TARSIER_QUEUE: await database(), TARSIER_HOME: scratch.path('home') }
    const cli = (...args: string[]) => runCli(args, { env, cwd: scratch.directory })
    await writeFile(scratch.path('loose.json'), JSON.stringify(fields({ type: 'array', uniqueItems: true })))
    expect(await cli('jobs', 'submit', red, '--name', 'loose', '--shape', 'loose.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[schema-unsupported]'),
    })
    await writeFile(scratch.path('own.json'), JSON.stringify({ name: 'own', rewrite: { kind: 'shorter', words: 5 } }))
    expect(await cli('jobs', 'submit', red, '--name', 'own', '--shape', 'own.json')).toMatchObject({ code: 0 })
    expect(await cli('worker', '--drain', '--device', 'cpu')).toMatchObject({
      code: 1,
      stdout: '0 done, 0 failed\n',
      stderr: expect.stringMatching(/own: The model "demo" only describes clips.*\[rewriter-missing\]/),
    })
  })
})
