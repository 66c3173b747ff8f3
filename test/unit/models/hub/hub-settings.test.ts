import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hubSettings } from '../../../../src/engine/models/hub/hub-settings.ts'

let user: string
beforeAll(async () => {
  user = await mkdtemp(join(tmpdir(), 'tarsier-hub-settings-'))
  await mkdir(join(user, '.cache', 'huggingface'), { recursive: true })
  await writeFile(join(user, '.cache', 'huggingface', 'token'), 'hf_of_the_file\n')
})
afterAll(() => rm(user, { recursive: true, force: true }))

describe('the environment', () => {
  it('without variables means the public hub, the usual cache, and the stored token', async () => {
    expect(await hubSettings({}, user)).toEqual({
      endpoint: 'https://huggingface.co',
      token: 'hf_of_the_file',
      cache: join(user, '.cache', 'huggingface', 'hub'),
      offline: false,
      proxies: { http: '', https: '', except: '' },
    })
  })

  it.each([
    [{ HF_ENDPOINT: 'https://hf-mirror.example/' }, { endpoint: 'https://hf-mirror.example' }],
    [{ HF_TOKEN: ' hf_x\n' }, { token: 'hf_x' }],
    [{ HUGGING_FACE_HUB_TOKEN: 'hf_old' }, { token: 'hf_old' }],
    [{ HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, { token: null }],
    [{ HF_HOME: '/a/b' }, { cache: resolve('/a/b/hub'), token: null }],
    [{ HF_HOME: '/a/b', HF_HUB_CACHE: '/c' }, { cache: resolve('/c') }],
    [{ XDG_CACHE_HOME: '/x' }, { cache: resolve('/x/huggingface/hub') }],
    [{ HF_HUB_OFFLINE: 'ON' }, { offline: true }],
    [{ HF_HUB_OFFLINE: '0' }, { offline: false }],
    [{ https_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:1' }, { proxies: { http: '', https: 'http://p:1', except: '' } }],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'a,b' }, { proxies: { http: 'http://p:1', https: 'http://p:1', except: 'a,b' } }],
  ])('%j is used', async (env, expected) => {
    expect(await hubSettings(env, user)).toMatchObject(expected)
  })

  it.each([{ HF_ENDPOINT: 'huggingface.co' }, { HF_ENDPOINT: 'file:///tmp' }, { HF_TOKEN: 'hf a' }, { HF_TOKEN: 'hf_ä' }])(
    '%j is rejected',
    async (env) => {
      await expect(hubSettings(env, user)).rejects.toMatchObject({ code: 'usage' })
    },
  )
})
