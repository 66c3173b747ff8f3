import { expect, test } from 'vitest'
import { createJudge } from '../../../../src/bench/judges/create-judge.ts'

const signal = new AbortController().signal

test('judges with upstream’s model by default, under its names at OpenAI and at Azure', async () => {
  await using openai = await createJudge({ env: { OPENAI_API_KEY: 'sk-1' }, signal })
  expect(openai.name).toBe('openai gpt-3.5-turbo-0125')
  const env = { AZURE_OPENAI_ENDPOINT: 'https://some.openai.azure.com', AZURE_OPENAI_API_KEY: 'k', OPENAI_API_VERSION: '2024-10-21' }
  // The client reads this variable by itself, and rejects two addresses.
  process.env.OPENAI_BASE_URL = 'http://localhost:1/v1'
  try {
    await using azure = await createJudge({ judge: 'azure', env, signal })
    expect(azure.name).toBe('azure gpt-35-turbo-0125 at some.openai.azure.com')
  } finally {
    delete process.env.OPENAI_BASE_URL
  }
})

test('accepts colons in a model’s name, and a server without a key', async () => {
  await using judge = await createJudge({ judge: 'openai:qwen2.5:7b', env: { OPENAI_BASE_URL: 'http://localhost:11434/v1' }, signal })
  expect(judge.name).toBe('openai qwen2.5:7b at localhost:11434')
})

test.each([
  ['an unknown kind', 'claude', {}, 'usage'],
  ['a local judge without a file', 'local:', {}, 'usage'],
  ['no key', 'openai', {}, 'judge-unavailable'],
  ['no Azure endpoint', 'azure:x', { AZURE_OPENAI_API_KEY: 'k', OPENAI_API_VERSION: '1' }, 'judge-unavailable'],
  ['no Azure version', 'azure:x', { AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://a.b' }, 'judge-unavailable'],
  ['an invalid address', 'openai', { OPENAI_BASE_URL: 'localhost:8000' }, 'usage'],
] as const)('rejects %s', async (_, judge, env, code) => {
  await expect(createJudge({ judge, env, signal })).rejects.toMatchObject({ code })
})

test('rejects an address with a password without repeating it', async () => {
  const made = createJudge({ judge: 'openai', env: { OPENAI_BASE_URL: 'http://me:hunter2@localhost/v1' }, signal })
  await expect(made).rejects.toMatchObject({ code: 'usage', message: expect.not.stringContaining('hunter2') })
})
