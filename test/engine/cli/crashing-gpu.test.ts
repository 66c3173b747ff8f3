import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crashingDriver } from '../../helpers/crashing-driver.ts'
import { type CliResult, runCli } from './run-cli.ts'

const env = crashingDriver()
const clip = resolve('resources/examples/blue-square-spins.mp4')
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-gpu-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

function cli(...args: readonly string[]): Promise<CliResult> {
  return runCli([...args, '--home', home], env === null ? {} : { env })
}

describe.skipIf(env === null)('a Vulkan driver on which llama.cpp crashes', { timeout: 600_000 }, () => {
  const crashed = /"vulkan".* crashed \(SIGSEGV\)/

  test('gives a notice with "auto" and is not tried again', async () => {
    const first = await cli('describe', clip, '--frames', '4')
    expect(first.stdout).toContain('blue square')
    expect(first.stderr).toMatch(crashed)
    expect(first.stderr).toContain('tarsier doctor --retry-devices')
    expect(first.code).toBe(0)
    expect(await cli('describe', clip, '--frames', '4')).toEqual({ code: 0, stdout: first.stdout, stderr: '' })
  })

  test('is rejected with an error when it is chosen by name', async () => {
    const { code, stdout, stderr } = await cli('describe', clip, '--device', 'vulkan')
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^tarsier: "vulkan" is not used .* crashed \(SIGSEGV\).*\[device-unavailable\]$/m)
  })

  test('is listed by doctor and tested again on request', async () => {
    expect((await cli('doctor')).stdout).toMatch(/vulkan for language of demo .*: not used; it crashed \(SIGSEGV\)/)
    expect((await cli('doctor', '--retry-devices')).stdout).not.toContain('vulkan for language of demo')
    expect((await cli('describe', clip, '--frames', '4')).stderr).toMatch(crashed)
  })
})
