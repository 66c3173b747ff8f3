import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'
import type { Judge } from '../../../../src/bench/judges/judge.ts'
import { isAbort, TarsierError } from '../../../../src/shared/errors.ts'
import { ChatServer } from '../../../helpers/chat-server.ts'

const call = {
  prompt: { name: 'is-it-red', version: '1' },
  system: 'Say whether it is red.',
  user: 'a red ball',
  schema: z.object({ red: z.boolean() }),
}
const never = new AbortController().signal
/** A test process that gets no processor time for a while has not stalled. */
const patience = { attempts: 4, backoff: 5, stall: 30_000 }

let server: ChatServer
let judge: Judge

beforeEach(async () => {
  server = await ChatServer.start()
  server.answer = () => '{"red": true}'
  judge = await judgeOf()
})

afterEach(async () => {
  await judge[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function judgeOf(env: Record<string, string> = {}, retryPolicy = patience): Promise<Judge> {
  return createJudge({
    judge: 'openai:some-model',
    env: { OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: server.key, ...env },
    retryPolicy,
    signal: never,
  })
}

async function failureOf(promise: Promise<unknown>): Promise<TarsierError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof TarsierError) return error
  throw new Error('no typed error was thrown', { cause: error })
}

test('requests the schema with temperature 0 and reports the answering model', async () => {
  expect(await judge.ask(call, never)).toEqual({ red: true })
  expect(judge.name).toBe(`openai some-model at ${server.host}`)
  expect(server.seen).toHaveLength(1)
  const [{ url, authorization, body }] = server.seen as [(typeof server.seen)[number]]
  expect(url).toBe('/v1/chat/completions')
  expect(authorization).toBe(`Bearer ${server.key}`)
  expect(body).toMatchObject({
    model: 'some-model',
    temperature: 0,
    response_format: { type: 'json_schema', json_schema: { name: 'is-it-red', strict: true } },
  })
  expect(body.response_format?.json_schema?.schema).toEqual({
    type: 'object',
    properties: { red: { type: 'boolean' } },
    required: ['red'],
    additionalProperties: false,
  })
  expect(body.messages).toEqual([
    { role: 'system', content: call.system },
    { role: 'user', content: call.user },
  ])
})

test('falls back when the server rejects the schema, JSON mode or the temperature, and remembers it', async () => {
  server.unsupported = ['json_schema', 'json_object', 'temperature']
  expect(await judge.ask(call, never)).toEqual({ red: true })
  await judge.ask(call, never)
  expect(server.seen.map(({ body }) => [body.response_format?.type ?? null, body.temperature ?? null])).toEqual([
    ['json_schema', 0],
    ['json_object', 0],
    [null, 0],
    [null, null],
    [null, null],
  ])
})

describe('a temporary failure', () => {
  test.each([
    ['an overloaded server', { kind: 'status', status: 503 }],
    ['a broken server', { kind: 'status', status: 500 }],
    ['a truncated answer', { kind: 'cut', after: 7 }],
    ['an answer that ends early without an error', { kind: 'unfinished', after: 7 }],
  ] as const)('is retried: %s', async (_, wrong) => {
    server.misbehave = (_request, nth) => (nth === 0 ? wrong : null)
    expect(await judge.ask(call, never)).toEqual({ red: true })
    expect(server.seen).toHaveLength(2)
  })

  test('is retried: an answer that stalls', async () => {
    server.misbehave = (_request, nth) => (nth === 0 ? { kind: 'stall', after: 7 } : null)
    await using other = await judgeOf({}, { ...patience, attempts: 9, stall: 500 })
    expect(await other.ask(call, never)).toEqual({ red: true })
    // More than two, if the test itself stalls.
    expect(server.seen.length).toBeGreaterThan(1)
  })

  test('is retried until the patience is used up', async () => {
    server.misbehave = () => ({ kind: 'status', status: 500 })
    const failure = await failureOf(judge.ask(call, never))
    expect(failure.code).toBe('judge-unavailable')
    expect(failure.message).toContain(server.host)
    expect(server.seen).toHaveLength(patience.attempts)
  })

  test('delays all questions when the server delays one', async () => {
    server.misbehave = (_request, nth) => (nth === 0 ? { kind: 'status', status: 429, headers: { 'retry-after-ms': '300' } } : null)
    // The first question is not asked again, so that the others are asked when the judge surely knows of the delay.
    await using impatient = await judgeOf({}, { ...patience, attempts: 1 })
    expect((await failureOf(impatient.ask(call, never))).code).toBe('judge-unavailable')
    await Promise.all([impatient.ask(call, never), impatient.ask(call, never)])
    const [refused, ...others] = server.seen.map(({ at }) => at)
    expect(others).toHaveLength(2)
    for (const at of others) expect(at - (refused ?? 0)).toBeGreaterThan(290)
  })

  test('waits as long as Retry-After says', async () => {
    server.misbehave = (_request, nth) => (nth === 0 ? { kind: 'status', status: 429, headers: { 'retry-after': '1' } } : null)
    await judge.ask(call, never)
    const [refused, second] = server.seen.map(({ at }) => at)
    expect((second ?? 0) - (refused ?? 0)).toBeGreaterThan(990)
  })
})

describe('a permanent failure', () => {
  test('reports a rejected key at once, without the key', async () => {
    await using other = await judgeOf({ OPENAI_API_KEY: 'sk-wrong-but-secret' })
    const failure = await failureOf(other.ask(call, never))
    expect(failure.code).toBe('judge-unavailable')
    expect(failure.message).toContain('OPENAI_API_KEY')
    expect(server.seen).toHaveLength(1)
    expect(everythingIn(failure)).not.toContain('sk-wrong-but-secret')
  })

  test('does not wait when the credit is used up', async () => {
    server.misbehave = () => ({
      kind: 'status',
      status: 429,
      error: { code: 'insufficient_quota', message: 'You exceeded your current quota.' },
    })
    expect((await failureOf(judge.ask(call, never))).code).toBe('judge-unavailable')
    expect(server.seen).toHaveLength(1)
  })

  test('does not wait for a server that was never reachable', async () => {
    const stopped = await ChatServer.start()
    const { host, baseUrl } = stopped
    await stopped[Symbol.asyncDispose]()
    // A second attempt would exceed the test's time limit.
    await using absent = await createJudge({
      env: { OPENAI_BASE_URL: baseUrl },
      retryPolicy: { ...patience, backoff: 60_000 },
      signal: never,
    })
    const failure = await failureOf(absent.ask(call, never))
    expect(failure.code).toBe('judge-unavailable')
    expect(failure.message).toContain(host)
  })

  test('sends the key to no redirect target', async () => {
    await using elsewhere = await ChatServer.start()
    elsewhere.answer = server.answer
    server.misbehave = () => ({ kind: 'status', status: 307, headers: { location: `${elsewhere.baseUrl}/chat/completions` } })
    expect((await failureOf(judge.ask(call, never))).code).toBe('judge-unavailable')
    expect(elsewhere.seen).toHaveLength(0)
  })

  test('fails only the rejected question', async () => {
    server.misbehave = () => ({
      kind: 'status',
      status: 400,
      error: { code: 'context_length_exceeded', message: "This model's maximum context length is 4096 tokens." },
    })
    const failure = await failureOf(judge.ask(call, never))
    expect(failure.code).toBe('judge-failed')
    expect(failure.message).toContain('maximum context length')
    expect(server.seen).toHaveLength(1)
  })

  test('fails only the question whose answer was filtered', async () => {
    server.misbehave = () => ({ kind: 'finish', reason: 'content_filter' })
    expect((await failureOf(judge.ask(call, never))).code).toBe('judge-failed')
  })
})

describe('an unusable answer', () => {
  test('is shown to the judge with the schema for another attempt', async () => {
    server.misbehave = (_request, nth) => (nth === 0 ? { kind: 'text', text: 'It is red, I think.' } : null)
    expect(await judge.ask(call, never)).toEqual({ red: true })
    const again = server.seen[1]?.body.messages ?? []
    expect(again.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(again[2]?.content).toBe('It is red, I think.')
    expect(again[3]?.content).toContain('"required":["red"]')
  })

  test.each([
    ['no JSON', '{"red": tru'],
    ['another type', '{"red": "yes"}'],
    ['another name', '{"rot": true}'],
    ['nothing', ''],
  ])('fails after three attempts: %s', async (_, text) => {
    server.misbehave = () => ({ kind: 'text', text })
    const failure = await failureOf(judge.ask(call, never))
    expect(failure.code).toBe('judge-failed')
    expect(failure.details).toEqual({ prompt: 'is-it-red', version: '1' })
    expect(server.seen).toHaveLength(3)
  })

  test('is cut off when it does not end, and requested again', async () => {
    server.misbehave = (_request, nth) => (nth === 0 ? { kind: 'endless' } : null)
    expect(await judge.ask(call, never)).toEqual({ red: true })
    expect(server.seen).toHaveLength(2)
    // Only a limited part of it is shown again.
    expect(server.seen[1]?.body.messages[2]?.content).toHaveLength(2000)
  })
})

test.each([
  ['while an answer stalls', { kind: 'stall', after: 3 }],
  ['while it waits for another attempt', { kind: 'status', status: 429, headers: { 'retry-after': '60' } }],
] as const)('an abort ends it %s', async (_, wrong) => {
  server.misbehave = () => wrong
  const controller = new AbortController()
  const pending = judge.ask(call, controller.signal).catch((error: unknown) => error)
  while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  await new Promise((resolve) => setTimeout(resolve, 50))
  controller.abort()
  expect(isAbort(await pending)).toBe(true)
})

test("sends Azure's address, version, deployment and key in Azure's form", async () => {
  await using azure = await createJudge({
    judge: 'azure:my-deployment',
    env: { AZURE_OPENAI_ENDPOINT: `http://${server.host}/`, AZURE_OPENAI_API_KEY: server.key, OPENAI_API_VERSION: '2024-10-21' },
    retryPolicy: patience,
    signal: never,
  })
  expect(azure.name).toBe(`azure my-deployment at ${server.host}`)
  expect(await azure.ask(call, never)).toEqual({ red: true })
  expect(server.seen).toHaveLength(1)
  expect(server.seen[0]).toMatchObject({
    url: '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21',
    apiKey: server.key,
  })
})

/** Everything of an error that a log or a screen could show. */
function everythingIn(error: Error): string {
  const parts: unknown[] = []
  for (let one: unknown = error; one instanceof Error; one = one.cause) parts.push(one.stack, { ...one }, one.message)
  return JSON.stringify(parts)
}
