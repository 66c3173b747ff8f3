import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { filesFor } from '../../../src/engine/gpu-pack/pack-parts.ts'
import { predictionOf } from '../../helpers/predictions.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { example } from '../service/run-service.ts'
import { type CliOptions, type CliResult, runCli } from './run-cli.ts'

/** An address that nobody may have (RFC 5737), and a name that never exists (RFC 6761). */
const ADDRESS = '192.0.2.1'
const NAME = 'hub.invalid'
const QUEUE = `postgres://somebody@${ADDRESS}/jobs`
const RECORDER = pathToFileURL(join(import.meta.dirname, '../../helpers/record-connections.mjs')).href

interface Attempt {
  readonly kind: 'connect' | 'lookup' | 'udp' | 'process'
  readonly target: string
}

let scratch: ScratchFolder
let record: string
let runs = 0
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  const prediction = { dataset: 'DREAM/videvo', idx: 1, reference: 'A dog runs', prediction: 'A dog runs' }
  await scratch.write('predictions.jsonl', JSON.stringify(predictionOf({ ...prediction, extraInfo: { events: ['a dog runs'] } })))
})
afterAll(() => scratch[Symbol.asyncDispose]())
beforeEach(() => {
  record = scratch.path(`attempts-${++runs}.jsonl`)
})

/** Runs a command that records what it and its processes try to reach. */
function recorded(args: readonly string[], { env, ...options }: CliOptions = {}): Promise<CliResult> {
  const own = { TARSIER_HOME: scratch.path('home'), HF_HOME: scratch.path('hf'), OPENAI_API_KEY: 'key', RECORD_CONNECTIONS: record }
  return runCli(args, { cwd: scratch.directory, ...options, env: { ...own, NODE_OPTIONS: `--import ${RECORDER}`, ...env } })
}

function attempts(): Attempt[] {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : []
  return lines.map((line) => JSON.parse(line) as Attempt)
}

const outward = () => attempts().filter(({ kind, target }) => kind !== 'process' && target !== '127.0.0.1')
const programs = () => new Set(attempts().flatMap(({ kind, target }) => (kind === 'process' ? [target] : [])))

/** Commands that connect to another machine, what they ask for, and the first thing that they do about it. */
const connecting: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>, Attempt])[] = [
  [
    'a download',
    ['models', 'import', 'someone/model', '--name', 'x'],
    { HF_ENDPOINT: `https://${NAME}` },
    { kind: 'connect', target: NAME },
  ],
  [
    'a download through a proxy',
    ['models', 'import', 'someone/model', '--name', 'x'],
    { HF_ENDPOINT: `https://${NAME}`, HTTPS_PROXY: 'http://127.0.0.1:9' },
    { kind: 'connect', target: '127.0.0.1' },
  ],
  ...(filesFor().length === 0
    ? []
    : [
        [
          'the GPU pack',
          ['gpu', 'install', '--anyway'],
          { TARSIER_GPU_PACK_URL: `https://${NAME}` },
          { kind: 'connect', target: NAME },
        ] as const,
      ]),
  [
    'a judge',
    ['bench', 'eval', 'predictions.jsonl', '--judge', 'openai:reader'],
    { OPENAI_BASE_URL: `http://${ADDRESS}/v1` },
    { kind: 'connect', target: ADDRESS },
  ],
  [
    'a model server',
    [
      ...['bench', 'run', 'moving-shapes', '--limit', '1', '--out', 'runs', '--engine', 'openai', '--model', 'm'],
      ...['--base-url', `http://${ADDRESS}/v1`],
    ],
    {},
    { kind: 'connect', target: ADDRESS },
  ],
  ['a list of shared jobs', ['jobs', 'list', '--queue', QUEUE], {}, { kind: 'connect', target: ADDRESS }],
  ['a worker', ['worker', '--queue', QUEUE], {}, { kind: 'connect', target: ADDRESS }],
]

describe.each(connecting)('%s', (_, args, env, first) => {
  it('connects', async () => {
    let seen = false
    await recorded(args, {
      env,
      async onStart(child) {
        // It would try for long.
        while (child.exitCode === null && !seen) {
          await sleep(100)
          seen = attempts().some(({ kind, target }) => kind === first.kind && target === first.target)
        }
        child.kill('SIGKILL')
      },
    })
    expect(attempts()).toContainEqual(first)
  })

  it.each([
    ['the option', ['--never-connect'], {}],
    ['the environment', [], { TARSIER_NEVER_CONNECT: '1' }],
  ] as const)('does not connect with %s, and says why', async (_how, option, more) => {
    const { code, stderr } = await recorded([...args, ...option], { env: { ...env, ...more } })
    expect(stderr).toMatch(/"Never connect" is on\. To allow connections, .*\[connections-off\]/)
    expect(code).toBe(args[1] === 'eval' ? 1 : 69)
    expect(attempts().filter(({ kind }) => kind !== 'process')).toEqual([])
  })
})

it.each([
  [['models', 'catalogue']],
  [['models', 'list']],
  [['doctor']],
  [['describe', example('red-circle-right-then-grows.mp4'), '--device', 'cpu', '--frames', '4']],
])('%j works without a connection, and starts no other program', async (args) => {
  const result = await recorded([...args, '--never-connect'])
  expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/\S/) as string })
  expect(attempts().filter(({ kind }) => kind !== 'process')).toEqual([])
  for (const program of programs()) expect(program).toBe(process.execPath)
  if (args[0] === 'doctor') expect(result.stdout).toContain('"Never connect" is on.')
})

describe('tarsier serve', () => {
  const call = async (address: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).text()
  }
  const part = { type: 'video_url', video_url: { url: `http://${ADDRESS}/clip.mp4` } }
  const question = { model: 'demo', messages: [{ role: 'user', content: [part, { type: 'text', text: 'What is this?' }] }] }

  /** Sends calls to a server, and returns what it answers. */
  const serve = async (calls: readonly (readonly [path: string, body: object])[], home: string) => {
    const answers: string[] = []
    let begun = false
    await recorded(['serve', '--port', '0', '--no-token', '--allow-remote', ADDRESS, '--home', scratch.path(home)], {
      env: { HF_ENDPOINT: `https://${NAME}` },
      async onOutput(child, soFar) {
        const address = /http:\/\/\S+?\/(?=\s|$)/.exec(soFar)?.[0]
        if (address === undefined || begun) return
        begun = true
        try {
          for (const [path, body] of calls) answers.push(await call(address, path, body))
        } finally {
          child.kill('SIGTERM')
        }
      },
    })
    return answers
  }

  it('contacts no host while the setting of the page is on, and does again', { timeout: 120_000 }, async () => {
    const download = { repository: 'someone/model', name: 'x', revision: 'main', language: 'q8_0', vision: 'f16' }
    const set = (on: boolean) => ['rpc/system/setNeverConnect', { json: { on } }] as const
    const ask = ['v1/chat/completions', question] as const
    const [, answer, job] = await serve([set(true), ask, ['rpc/models/download', { json: download }]], 'served')
    expect(answer).toContain('"code":"connections-off"')
    expect(job).toContain('someone/model')
    expect(outward()).toEqual([])

    // The setting is kept, and the command line obeys it too.
    const home = ['--home', scratch.path('served')]
    const imported = await recorded(['models', 'import', 'someone/model', '--name', 'y', ...home], {
      env: { HF_ENDPOINT: `https://${NAME}` },
    })
    expect(imported).toMatchObject({ code: 69, stderr: expect.stringContaining('switch it off in the settings of the app') as string })
    expect(outward()).toEqual([])

    const [, again] = await serve([set(false), ask], 'served')
    expect(again).toContain('file-unreadable')
    expect(outward()).toContainEqual({ kind: 'connect', target: ADDRESS })
  })
})

/** Prints the addresses of all connections, those of native code too. */
function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!hasStrace())('in the system calls of all processes', () => {
  /** Runs a command, and returns its system calls that name an address of the internet. */
  const traced = async (args: readonly string[]) => {
    const file = scratch.path(`calls-${runs}`)
    const result = await recorded(args, {
      env: { HF_ENDPOINT: `http://${ADDRESS}`, NODE_OPTIONS: '' },
      around: (command) => ['strace', '-f', '-qq', '-e', 'trace=connect,sendto,sendmsg,sendmmsg', '-o', file, ...command],
    })
    return {
      ...result,
      calls: readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => /AF_INET/.test(line)),
    }
  }

  it('there is no connection of a description', async () => {
    const clip = example('red-circle-right-then-grows.mp4')
    const { code, calls } = await traced(['describe', clip, '--device', 'cpu', '--frames', '4', '--no-cache'])
    expect({ code, calls }).toEqual({ code: 0, calls: [] })
  })

  it('there is none of an import with --never-connect, and without it there is', { timeout: 300_000 }, async () => {
    const args = ['models', 'import', 'someone/model', '--name', 'x']
    const off = await traced([...args, '--never-connect'])
    expect({ code: off.code, calls: off.calls }).toEqual({ code: 69, calls: [] })
    const on = await traced(args)
    expect(on.calls.join('\n')).toContain(ADDRESS)
  })
})
