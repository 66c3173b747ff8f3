import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../../src/main/content-security-policy.ts'

test('the page contains the policy that the shell sends', () => {
  const html = readFileSync(new URL('../../../src/renderer/index.html', import.meta.url), 'utf8')
  expect(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(html)?.[1]).toBe(CONTENT_SECURITY_POLICY)
})

test('allows nothing unsafe and no other origin', () => {
  expect(CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/)
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:|data:|blob:/)
})
