import { expect, test } from 'vitest'
import config from '../../../electron-builder.config.mjs'

test('every fuse is set as docs/security.md says', () => {
  expect(config.electronFuses).toEqual({
    // The engine's processes are forked.
    runAsNode: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableCookieEncryption: true,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    resetAdHocDarwinSignature: true,
  })
})
